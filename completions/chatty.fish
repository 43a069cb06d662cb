# fish completion for chatty. Made from the table of flags; see GeneratedFilesTests.

complete -c chatty -f

# Those that were met before.
function __chatty_hosts; sed -n 's/^\[\{0,1\}\([A-Za-z0-9._:-]*\)\]\{0,1\}:[0-9]* .*/\1/p' (test -n "$XDG_DATA_HOME"; and echo $XDG_DATA_HOME; or echo ~/.local/share)"/chatty/known_hosts" 2>/dev/null; __fish_print_hostnames; end
function __chatty_receivers; __chatty_codes; sed -n 's/^\([A-Za-z0-9._:[-]*\]\{0,1\}:[0-9]*\) .*/\1/p' (test -n "$XDG_DATA_HOME"; and echo $XDG_DATA_HOME; or echo ~/.local/share)"/chatty/known-receivers" 2>/dev/null; end

# A word of a code behind its number: 7-guitar-ahead.
function __chatty_codes
    set -l token (commandline -ct)
    string match -rq '^[0-9]{1,3}-([a-z]+-)?[a-z]*$' -- $token; or return
    set -l before (string replace -r '[a-z]*$' '' -- $token)
    set -l words \
abacus abbey ability about above acacia academy accent account acorn acrobat across action active actor adapt adjust admiral \
admire adult advance advice aerial affair afford after again agenda agile agree ahead airport alarm album alert algebra alien \
alley almond almost alpaca alpine always amaze amber amount ample amuse anchor ancient angel animal ankle annual answer antenna \
anthem antique anvil apart apricot april apron aquarium arcade archer arctic arena argue armchair around arrange arrive arrow \
artist ascend ashore aside aspect asphalt assist asteroid astonish athlete atlas atom attach attend attic attract august aurora \
author autumn avenue average avocado awake award awning azure baboon baby bachata bachelor bacon badge bagel baggage bakery \
balance balcony ballad ballet balloon ballroom bamboo banana bandage banjo banner banquet barbecue barber bargain barnacle barrel \
basalt basement basil basket bassoon bathtub battery bazaar beagle beanbag become bedroom beehive beetle before begin behave \
behind believe bellow belong bench benefit beside better between beyond bicycle bigger bingo biology birch birthday biscuit bishop \
bison blanket blazer blend blink blossom blouse board boast bobcat bobsled boiler bonfire bonus book bookcase borrow bottle bottom \
bounce bouquet boxer bracelet brain branch brass brave bread breeze brick bridge bright broccoli bronze broom brother brown brush \
bubble bucket buckle budget buffalo bugle build bumper bundle bungalow burger burst bushel butler button buyer buzzer bypass \
cabbage cabin cable cactus cadet calcium calendar camel camera campfire canal canary candle candy canoe canyon capital captain \
caption capture caramel caravan carbon career cargo carnival carousel carpet cartoon carve cashew cashmere castle casual catapult \
catch cauldron cause cavern caviar ceiling celery cello cement census century ceramic certain chain chalk chamber champion chance \
channel chapel chariot charm chase cheap checker cheddar cheer cheese cherry chestnut chicken child chimney chipmunk chisel chorus \
cider cinema cinnamon circle circus citizen citrus civil claim clarinet class clean clerk clever client cliff climate clinic clock \
close cloth cloud clown cluster coach cobalt cobra cockatoo cocoa coconut coffee collar collect college colony column comedy comet \
comfort comma common compass composer comrade concert condor confetti confirm connect consul contest control convoy cookie copper \
coral corner cosmic cosmos costume cottage cotton cougar counter country couple courage cousin cover cowboy coyote cradle craft \
crane crater crayon cream credit cricket crimson crisp critic crowd cruise crumb crystal cuckoo cucumber culture cupboard cupcake \
curious cushion custom cycle cyclone cylinder daffodil daily damask dance danger daring darkroom daughter dawn dazzle deacon \
debate decade december decent decorate defend degree delay delight deliver delta demand denim dentist depart deposit depth deputy \
derby design destiny detail detect develop device dewdrop diamond diary diesel digest digital dignity dinner dinosaur diploma \
direct discover display distant district ditch diver divide doctor document dolphin domain domino donkey donor doorbell doorway \
double dozen dragon drama drawer dress drift drill drive drizzle duchess dumpling dusk dwarf dwell dynamo eager early earth easel \
eclipse ecology economy effect effort eggplant elastic elbow elder elect electron elegant element elevator embassy emblem embrace \
emerald emotion empire employ empty enable enamel enchant endless energy engine enjoy enough entire envelope epic episode equal \
equator errand escape escort essay estate eternal ethics evening event evidence exact example excite exhibit exist exotic expand \
expert explore express extra eyebrow fabric factory faculty fairy faith falcon family famous fancy fantasy farewell farmer fashion \
father faucet feature february federal fence fern ferry festival fever fiction fiddle field fierce figure filter final finch \
finger finish firefly first fiscal fisher flagpole flame flamingo flannel flask fleece flight float flora florist fluffy fluid \
flute flying focus foggy folder follow football force forest forget formal fortress fortune forum forward fossil foster fountain \
foxglove fragile freckle freedom freight fresh friday friend fringe frog frontier frost frozen fruit funnel furnace future gadget \
galaxy gallery gallop garage garden gargle garlic garment garnet gazebo gazelle gecko gemstone general genius gentle genuine \
geology gesture geyser giant giggle ginseng giraffe glacier glance glide glimpse global globe gloomy glory glucose goblet goldfish \
golf gondola goose gopher govern grace gradual grammar grand granite graph gravel gravity great green griffin grocery groove group \
growth guard guitar gumdrop gutter gymnast habit hacksaw haiku hallway halogen hammer hammock hamster handbook hangar happen happy \
harmony harness harp harvest haven hazel hazelnut health heavy hedgehog heirloom helium helmet herald heritage hermit hexagon \
hibiscus hidden highway hiking history hobby hockey holiday honest honey hopeful horizon hornet hospital hotel house human humble \
hurdle hurry husband hybrid hydrant hydrogen hyena iceberg identity idiom igloo imagine impact improve impulse incense include \
index indigo indoor infant inform initial inkwell input inquire insect install interest invite inward iodine issue italic ivory \
jackpot jaguar jasmine javelin jealous jersey jewel jigsaw joker journal joyful jubilee juice july jumbo junior kangaroo keeper \
kennel keyboard keyhole kilogram kimono kind kingdom kiosk kitchen knife koala label ladder ladybug language lantern laptop laugh \
laundry lava lavender legacy lemon lemonade length lentil leopard lettuce liberty library lifeboat lilac limit liquid listen \
lively lizard lobster logic lollipop lottery lucky lullaby lunar luxury macaroni machine magazine magician magnet magnolia \
mahogany major mammal mammoth mandolin mansion marathon marble margin marigold maximum meadow mechanic medicine meeting melody \
member menu mercury meringue mermaid message meteor metric microbe midnight midway migrate million mineral minnow minute mirror \
mixture mobile moccasin molasses molecule monday monocle month mosquito moss muffin mulberry museum mushroom music mutual mystery \
nachos napkin necklace nectar needle nephew network neutral newborn nickel nimble nomad notable notebook notepad notice nougat \
november nutmeg nutshell nylon oasis oatmeal obelisk object observe obtain obvious octagon october octopus odyssey office omelet \
onion opera opossum orbit orchard order ordinary oregano origami origin ornament osprey ostrich outcome outdoor outfit outline \
outpost overture oxygen ozone pacific package pagoda paint palette pancake papaya paprika paradox parakeet parrot parsley partner \
passport pasta payment peacock peanut pearl pelican pendulum penguin people perfume period petunia phantom phoenix photo phrase \
physics piccolo picnic pigeon pilgrim pilot pinwheel pioneer pizza platform platypus pleasant plenty plural plus poem policy \
pollen popcorn popular porch portrait position postcard potato prairie prefer premium prepare present pretzel primary printer \
private problem produce project promise proof protein prune public pudding pumpkin puppet purpose pyramid python quadrant quality \
quantum quarry quasar queen question quiver quiz quota rabbit raccoon radar radish rainbow raincoat raisin random rapid ravine \
receive record recover referee regular release relief remote render repair repeat reply reptile request rescue response restore \
result return rhapsody rhubarb rhythm ribbon rickshaw ripple risotto robot rodeo romance rooftop rosemary royal rubber russet \
safari saffron sailor salsa salute sandbox sandwich sapphire sardine satchel sausage savanna savings sawdust scarf scatter scholar \
school science scissors screen script sculptor seagull seahorse seashell seaweed secret sedan seldom sentence serenade series \
sesame session shallow shampoo shelf shepherd sheriff shine shipyard shoelace shoulder shower shrimp shuttle sibling sidewalk \
siesta similar skate skeleton sketch skill skunk skylark sleep slogan slope snack snapshot soccer social soldier solid solution \
somebody songbird sonnet soprano sorry soybean spatula speaker spectrum sphere spider spinach spiral splash sponge sprout square \
squirrel stadium stamp standard starfish steady stencil stereo storage stork straw student studio style submit subway suggest \
suitcase sultan supply support supreme surfer surprise sushi swift syllable symphony syrup system tackle taco tadpole talent \
tapestry tariff tarragon tartan teacup teapot teaspoon teenager telegram tenant tennis tenor terrace theme thermal thistle thrill \
throne thunder tidal together tolerant tomorrow tongue toolbox topaz topsoil tornado tortoise toucan tourist tractor traffic trail \
transit trapeze treasure tremble triangle tribe trombone trophy trousers trumpet trust tuba tuesday tugboat tulip tundra turbine \
turkey turmeric tuxedo twin typical ukulele umbrella uncle unicorn unit universe unusual update upgrade upstairs useful vacuum \
valve vanilla variety vehicle velcro verdict vessel veteran viaduct view village vineyard vinyl violet virtue visible vision \
vitamin volcano vortex voucher voyage waffle wagon walnut waltz warrior wash weekday weekend wheel whisper widget wildlife \
windmill wisdom wishbone wombat wooden woodland workshop wrinkle yacht yoga young zephyr zeppelin zigzag zircon zodiac
    set -l dash -
    string match -q '*-*-*' -- $token; and set dash ''
    printf '%s\n' $before$words$dash
end

complete -c chatty -n __fish_use_subcommand -a serve -d 'run the chat server'
complete -c chatty -n __fish_use_subcommand -a connect -d 'join a chat server from the terminal or a script'
complete -c chatty -n __fish_use_subcommand -a send-file -d 'send files straight to another machine'
complete -c chatty -n __fish_use_subcommand -a recv-file -d 'receive files straight from another machine'
complete -c chatty -n __fish_use_subcommand -a users -d 'manage the accounts of a server'
complete -c chatty -n __fish_use_subcommand -a help -d 'show this help, or the help of a command'
complete -c chatty -n '__fish_seen_subcommand_from help; and not __fish_seen_subcommand_from serve connect send-file recv-file users' -a 'serve connect send-file recv-file users'
complete -c chatty -n '__fish_use_subcommand' -l help -s h -d 'Show this help'
complete -c chatty -n '__fish_use_subcommand' -l version -s V -d 'Show the version'
complete -c chatty -n '__fish_use_subcommand' -l generate -x -a 'man/chatty.1 man/chatty-serve.1 man/chatty-connect.1 man/chatty-send-file.1 man/chatty-recv-file.1 man/chatty-users.1 completions/chatty.bash completions/_chatty completions/chatty.fish' -d 'Print a manual page or a completion'

complete -c chatty -n '__fish_seen_subcommand_from serve' -l credentials -r -F -d 'Accounts to add: a name and a password a line'
complete -c chatty -n '__fish_seen_subcommand_from serve' -l data -s d -x -a '(__fish_complete_directories)' -d 'The data folder'
complete -c chatty -n '__fish_seen_subcommand_from serve' -l max-attempts -x -d 'Block a name after N wrong passwords in a row'
complete -c chatty -n '__fish_seen_subcommand_from serve' -l block-seconds -x -d 'How long a name stays blocked'
complete -c chatty -n '__fish_seen_subcommand_from serve' -l conceal-usernames -d 'Ask for a password for unknown names too'
complete -c chatty -n '__fish_seen_subcommand_from serve' -l no-offline-messages -d 'Refuse messages to users who are not logged in'
complete -c chatty -n '__fish_seen_subcommand_from serve' -l allow-plaintext -d 'Accept unencrypted connections from any address'
complete -c chatty -n '__fish_seen_subcommand_from serve' -l login-timeout -x -d 'Disconnect clients not logged in within this time'
complete -c chatty -n '__fish_seen_subcommand_from serve' -l message-rate -x -d 'Messages a session may send, 0: no limit'
complete -c chatty -n '__fish_seen_subcommand_from serve' -l max-connections-per-address -x -d 'Connections from one address, 0: no limit'
complete -c chatty -n '__fish_seen_subcommand_from serve' -l log-format -x -a 'text json' -d 'How events are logged on stdout'
complete -c chatty -n '__fish_seen_subcommand_from serve' -l log-time -d 'Begin each text line with the time'
complete -c chatty -n '__fish_seen_subcommand_from serve' -l metrics -x -d 'Serve metrics over HTTP there'
complete -c chatty -n '__fish_seen_subcommand_from serve' -l keep-days -x -d 'Delete messages older than N days'
complete -c chatty -n '__fish_seen_subcommand_from serve' -l motd -r -F -d 'A text shown to everybody who logs in'
complete -c chatty -n '__fish_seen_subcommand_from serve' -l relay -x -d 'Relay files without a direct path, or off'
complete -c chatty -n '__fish_seen_subcommand_from serve' -l relay-total -x -d 'The rate of all relayed transfers together'
complete -c chatty -n '__fish_seen_subcommand_from serve' -l relay-per-account -x -d 'Transfers of an account that are relayed at a time'
complete -c chatty -n '__fish_seen_subcommand_from serve' -l grace -x -d 'How long a stop waits for clients to leave'
complete -c chatty -n '__fish_seen_subcommand_from serve' -l tls-cert -r -F -d 'A certificate chain (PEM) to use'
complete -c chatty -n '__fish_seen_subcommand_from serve' -l tls-key -r -F -d 'The private key (PEM) of --tls-cert'
complete -c chatty -n '__fish_seen_subcommand_from serve' -l help -s h -d 'Show this help'
complete -c chatty -n '__fish_seen_subcommand_from serve' -l version -s V -d 'Show the version'

complete -c chatty -n '__fish_seen_subcommand_from connect' -l user -s u -x -d 'The account to log in as'
complete -c chatty -n '__fish_seen_subcommand_from connect' -l password-file -r -F -d 'A file whose first line is the password'
complete -c chatty -n '__fish_seen_subcommand_from connect' -l command -s c -x -d 'Run a command and exit; may be repeated'
complete -c chatty -n '__fish_seen_subcommand_from connect' -l accept -x -a 'ask always never' -d 'What to do with offered files'
complete -c chatty -n '__fish_seen_subcommand_from connect' -l accept-new -d 'Trust an unknown server\'s key without asking'
complete -c chatty -n '__fish_seen_subcommand_from connect' -l fingerprint -x -d 'Accept only a server with this fingerprint'
complete -c chatty -n '__fish_seen_subcommand_from connect' -l forget -d 'Forget the server\'s key, and exit'
complete -c chatty -n '__fish_seen_subcommand_from connect' -l data -s d -x -a '(__fish_complete_directories)' -d 'The data folder'
complete -c chatty -n '__fish_seen_subcommand_from connect' -l download-dir -s D -x -a '(__fish_complete_directories)' -d 'Where received files go'
complete -c chatty -n '__fish_seen_subcommand_from connect' -l announce -x -d 'Address to give others instead of this host\'s'
complete -c chatty -n '__fish_seen_subcommand_from connect' -l map-port -x -a 'on off' -d 'Whether the router is asked to pass the port on'
complete -c chatty -n '__fish_seen_subcommand_from connect' -l direct-only -d 'Never relay files through the server'
complete -c chatty -n '__fish_seen_subcommand_from connect' -l relay-only -d 'Relay all files through the server'
complete -c chatty -n '__fish_seen_subcommand_from connect' -l plaintext -d 'Do not use TLS'
complete -c chatty -n '__fish_seen_subcommand_from connect' -l json -d 'Print one JSON object an event'
complete -c chatty -n '__fish_seen_subcommand_from connect' -l listen -d 'Stay and print what arrives'
complete -c chatty -n '__fish_seen_subcommand_from connect' -l count -x -d 'Exit after N messages'
complete -c chatty -n '__fish_seen_subcommand_from connect' -l log -r -F -d 'Append a transcript to this file'
complete -c chatty -n '__fish_seen_subcommand_from connect' -l bell -x -a 'dm all off' -d 'When to ring the terminal\'s bell'
complete -c chatty -n '__fish_seen_subcommand_from connect' -l receipts -x -a 'on off' -d 'Whether to say that a message was sent'
complete -c chatty -n '__fish_seen_subcommand_from connect' -l help -s h -d 'Show this help'
complete -c chatty -n '__fish_seen_subcommand_from connect' -l version -s V -d 'Show the version'
complete -c chatty -n '__fish_seen_subcommand_from connect' -a '(__chatty_hosts)'

complete -c chatty -n '__fish_seen_subcommand_from send-file' -l name -x -d 'The name that the receiver sees'
complete -c chatty -n '__fish_seen_subcommand_from send-file' -l limit -x -d 'Send no faster than this'
complete -c chatty -n '__fish_seen_subcommand_from send-file' -l cc -x -a 'bbr cubic' -d 'The congestion control algorithm'
complete -c chatty -n '__fish_seen_subcommand_from send-file' -l mtu -x -d 'The largest datagram to try'
complete -c chatty -n '__fish_seen_subcommand_from send-file' -l map-port -x -a 'on off' -d 'Whether the router is asked to pass the port on'
complete -c chatty -n '__fish_seen_subcommand_from send-file' -l ticket-file -s t -r -F -d 'A file that holds the ticket or code'
complete -c chatty -n '__fish_seen_subcommand_from send-file' -l secret-file -r -F -d 'A file whose first line is a shared secret'
complete -c chatty -n '__fish_seen_subcommand_from send-file' -l accept-new -d 'Trust an unknown receiver\'s key without asking'
complete -c chatty -n '__fish_seen_subcommand_from send-file' -l forget -d 'Forget a receiver\'s key, and exit'
complete -c chatty -n '__fish_seen_subcommand_from send-file' -l data -s d -x -a '(__fish_complete_directories)' -d 'The data folder'
complete -c chatty -n '__fish_seen_subcommand_from send-file' -l timeout -x -d 'Give up after this long without an answer'
complete -c chatty -n '__fish_seen_subcommand_from send-file' -l progress -x -a 'text json' -d 'How progress is shown on stderr'
complete -c chatty -n '__fish_seen_subcommand_from send-file' -l quiet -s q -d 'Show errors only'
complete -c chatty -n '__fish_seen_subcommand_from send-file' -l qlog -r -F -d 'Record every packet in this file, for viewers'
complete -c chatty -n '__fish_seen_subcommand_from send-file' -l legacy -d 'Use the old, unencrypted protocol'
complete -c chatty -n '__fish_seen_subcommand_from send-file' -l help -s h -d 'Show this help'
complete -c chatty -n '__fish_seen_subcommand_from send-file' -l version -s V -d 'Show the version'
complete -c chatty -n '__fish_seen_subcommand_from send-file' -F
complete -c chatty -n '__fish_seen_subcommand_from send-file' -a '(__chatty_receivers)'

complete -c chatty -n '__fish_seen_subcommand_from recv-file' -l output -s o -r -F -d 'The folder or file to write'
complete -c chatty -n '__fish_seen_subcommand_from recv-file' -l once -d 'Exit when one transfer is complete'
complete -c chatty -n '__fish_seen_subcommand_from recv-file' -l count -x -d 'Exit when N transfers are complete'
complete -c chatty -n '__fish_seen_subcommand_from recv-file' -l overwrite -d 'Replace files that exist'
complete -c chatty -n '__fish_seen_subcommand_from recv-file' -l accept -x -a 'ticket ask always' -d 'Whose files to accept without asking'
complete -c chatty -n '__fish_seen_subcommand_from recv-file' -l announce -x -d 'Address to give senders instead of this host\'s'
complete -c chatty -n '__fish_seen_subcommand_from recv-file' -l map-port -x -a 'on off' -d 'Whether the router is asked to pass the port on'
complete -c chatty -n '__fish_seen_subcommand_from recv-file' -l new-ticket -d 'Make a new ticket; earlier ones are refused'
complete -c chatty -n '__fish_seen_subcommand_from recv-file' -l ticket-file -s t -r -F -d 'A file that holds a sender\'s code'
complete -c chatty -n '__fish_seen_subcommand_from recv-file' -l secret-file -r -F -d 'A file whose first line is a shared secret'
complete -c chatty -n '__fish_seen_subcommand_from recv-file' -l data -s d -x -a '(__fish_complete_directories)' -d 'The data folder'
complete -c chatty -n '__fish_seen_subcommand_from recv-file' -l timeout -x -d 'Give up after this long without an answer'
complete -c chatty -n '__fish_seen_subcommand_from recv-file' -l progress -x -a 'text json' -d 'How progress is shown on stderr'
complete -c chatty -n '__fish_seen_subcommand_from recv-file' -l quiet -s q -d 'Show errors only'
complete -c chatty -n '__fish_seen_subcommand_from recv-file' -l qlog -r -F -d 'Record every packet in this file, for viewers'
complete -c chatty -n '__fish_seen_subcommand_from recv-file' -l legacy -d 'Use the old, unencrypted protocol'
complete -c chatty -n '__fish_seen_subcommand_from recv-file' -l help -s h -d 'Show this help'
complete -c chatty -n '__fish_seen_subcommand_from recv-file' -l version -s V -d 'Show the version'
complete -c chatty -n '__fish_seen_subcommand_from recv-file' -a '(__chatty_codes)'

complete -c chatty -n '__fish_seen_subcommand_from users' -l data -s d -x -a '(__fish_complete_directories)' -d 'The server\'s data folder'
complete -c chatty -n '__fish_seen_subcommand_from users; and __fish_seen_subcommand_from list' -l json -d 'Print one JSON object an account'
complete -c chatty -n '__fish_seen_subcommand_from users; and __fish_seen_subcommand_from list' -l online -d 'Only those who have a session now'
complete -c chatty -n '__fish_seen_subcommand_from users; and __fish_seen_subcommand_from list' -l server -x -a '(__chatty_hosts)' -d 'Ask this server who is online'
complete -c chatty -n '__fish_seen_subcommand_from users; and __fish_seen_subcommand_from list' -l user -s u -x -d 'The account to ask the server with'
complete -c chatty -n '__fish_seen_subcommand_from users; and __fish_seen_subcommand_from list' -l accept-new -d 'Trust an unknown server\'s key without asking'
complete -c chatty -n '__fish_seen_subcommand_from users; and __fish_seen_subcommand_from list' -l fingerprint -x -d 'Accept only a server with this fingerprint'
complete -c chatty -n '__fish_seen_subcommand_from users; and __fish_seen_subcommand_from list add passwd' -l password-file -r -F -d 'A file whose first line is the password'
complete -c chatty -n '__fish_seen_subcommand_from users; and __fish_seen_subcommand_from import' -l strict -d 'Add all or nothing'
complete -c chatty -n '__fish_seen_subcommand_from users' -l help -s h -d 'Show this help'
complete -c chatty -n '__fish_seen_subcommand_from users' -l version -s V -d 'Show the version'
complete -c chatty -n '__fish_seen_subcommand_from users; and not __fish_seen_subcommand_from list add passwd remove block unblock export import' -a list -d 'show the accounts'
complete -c chatty -n '__fish_seen_subcommand_from users; and not __fish_seen_subcommand_from list add passwd remove block unblock export import' -a add -d 'add accounts'
complete -c chatty -n '__fish_seen_subcommand_from users; and not __fish_seen_subcommand_from list add passwd remove block unblock export import' -a passwd -d 'set a password'
complete -c chatty -n '__fish_seen_subcommand_from users; and not __fish_seen_subcommand_from list add passwd remove block unblock export import' -a remove -d 'remove an account'
complete -c chatty -n '__fish_seen_subcommand_from users; and not __fish_seen_subcommand_from list add passwd remove block unblock export import' -a block -d 'refuse the log-ins of an account'
complete -c chatty -n '__fish_seen_subcommand_from users; and not __fish_seen_subcommand_from list add passwd remove block unblock export import' -a unblock -d 'allow the log-ins of an account again'
complete -c chatty -n '__fish_seen_subcommand_from users; and not __fish_seen_subcommand_from list add passwd remove block unblock export import' -a export -d 'print everything stored about an account'
complete -c chatty -n '__fish_seen_subcommand_from users; and not __fish_seen_subcommand_from list add passwd remove block unblock export import' -a import -d 'add accounts from a file'
complete -c chatty -n '__fish_seen_subcommand_from users; and __fish_seen_subcommand_from import' -F
