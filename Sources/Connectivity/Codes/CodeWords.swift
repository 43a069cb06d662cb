/// The words of which codes are made: common English words of 4 to 8 letters that are told apart when they are spoken or mistyped. One
/// mistyped letter never makes one of another, nor do two letters that change places. Held by `CodeWordsTests`.
public enum CodeWords {
    /// 1296 words, sorted.
    public static let all: [String] = text.utf8.split(separator: UInt8(ascii: " ")).map { String(Substring($0)) }

    private static let text = """
        abacus abbey ability about above acacia academy accent account acorn acrobat across action active actor adapt adjust admiral \
        admire adult advance advice aerial affair afford after again agenda agile agree ahead airport alarm album alert algebra alien \
        alley almond almost alpaca alpine always amaze amber amount ample amuse anchor ancient angel animal ankle annual answer antenna \
        anthem antique anvil apart apricot april apron aquarium arcade archer arctic arena argue armchair around arrange arrive arrow \
        artist ascend ashore aside aspect asphalt assist asteroid astonish athlete atlas atom attach attend attic attract august aurora \
        author autumn avenue average avocado awake award awning azure baboon baby bachata bachelor bacon badge bagel baggage bakery \
        balance balcony ballad ballet balloon ballroom bamboo banana bandage banjo banner banquet barbecue barber bargain barnacle \
        barrel basalt basement basil basket bassoon bathtub battery bazaar beagle beanbag become bedroom beehive beetle before begin \
        behave behind believe bellow belong bench benefit beside better between beyond bicycle bigger bingo biology birch birthday \
        biscuit bishop bison blanket blazer blend blink blossom blouse board boast bobcat bobsled boiler bonfire bonus book bookcase \
        borrow bottle bottom bounce bouquet boxer bracelet brain branch brass brave bread breeze brick bridge bright broccoli bronze \
        broom brother brown brush bubble bucket buckle budget buffalo bugle build bumper bundle bungalow burger burst bushel butler \
        button buyer buzzer bypass cabbage cabin cable cactus cadet calcium calendar camel camera campfire canal canary candle candy \
        canoe canyon capital captain caption capture caramel caravan carbon career cargo carnival carousel carpet cartoon carve cashew \
        cashmere castle casual catapult catch cauldron cause cavern caviar ceiling celery cello cement census century ceramic certain \
        chain chalk chamber champion chance channel chapel chariot charm chase cheap checker cheddar cheer cheese cherry chestnut \
        chicken child chimney chipmunk chisel chorus cider cinema cinnamon circle circus citizen citrus civil claim clarinet class clean \
        clerk clever client cliff climate clinic clock close cloth cloud clown cluster coach cobalt cobra cockatoo cocoa coconut coffee \
        collar collect college colony column comedy comet comfort comma common compass composer comrade concert condor confetti confirm \
        connect consul contest control convoy cookie copper coral corner cosmic cosmos costume cottage cotton cougar counter country \
        couple courage cousin cover cowboy coyote cradle craft crane crater crayon cream credit cricket crimson crisp critic crowd \
        cruise crumb crystal cuckoo cucumber culture cupboard cupcake curious cushion custom cycle cyclone cylinder daffodil daily \
        damask dance danger daring darkroom daughter dawn dazzle deacon debate decade december decent decorate defend degree delay \
        delight deliver delta demand denim dentist depart deposit depth deputy derby design destiny detail detect develop device dewdrop \
        diamond diary diesel digest digital dignity dinner dinosaur diploma direct discover display distant district ditch diver divide \
        doctor document dolphin domain domino donkey donor doorbell doorway double dozen dragon drama drawer dress drift drill drive \
        drizzle duchess dumpling dusk dwarf dwell dynamo eager early earth easel eclipse ecology economy effect effort eggplant elastic \
        elbow elder elect electron elegant element elevator embassy emblem embrace emerald emotion empire employ empty enable enamel \
        enchant endless energy engine enjoy enough entire envelope epic episode equal equator errand escape escort essay estate eternal \
        ethics evening event evidence exact example excite exhibit exist exotic expand expert explore express extra eyebrow fabric \
        factory faculty fairy faith falcon family famous fancy fantasy farewell farmer fashion father faucet feature february federal \
        fence fern ferry festival fever fiction fiddle field fierce figure filter final finch finger finish firefly first fiscal fisher \
        flagpole flame flamingo flannel flask fleece flight float flora florist fluffy fluid flute flying focus foggy folder follow \
        football force forest forget formal fortress fortune forum forward fossil foster fountain foxglove fragile freckle freedom \
        freight fresh friday friend fringe frog frontier frost frozen fruit funnel furnace future gadget galaxy gallery gallop garage \
        garden gargle garlic garment garnet gazebo gazelle gecko gemstone general genius gentle genuine geology gesture geyser giant \
        giggle ginseng giraffe glacier glance glide glimpse global globe gloomy glory glucose goblet goldfish golf gondola goose gopher \
        govern grace gradual grammar grand granite graph gravel gravity great green griffin grocery groove group growth guard guitar \
        gumdrop gutter gymnast habit hacksaw haiku hallway halogen hammer hammock hamster handbook hangar happen happy harmony harness \
        harp harvest haven hazel hazelnut health heavy hedgehog heirloom helium helmet herald heritage hermit hexagon hibiscus hidden \
        highway hiking history hobby hockey holiday honest honey hopeful horizon hornet hospital hotel house human humble hurdle hurry \
        husband hybrid hydrant hydrogen hyena iceberg identity idiom igloo imagine impact improve impulse incense include index indigo \
        indoor infant inform initial inkwell input inquire insect install interest invite inward iodine issue italic ivory jackpot \
        jaguar jasmine javelin jealous jersey jewel jigsaw joker journal joyful jubilee juice july jumbo junior kangaroo keeper kennel \
        keyboard keyhole kilogram kimono kind kingdom kiosk kitchen knife koala label ladder ladybug language lantern laptop laugh \
        laundry lava lavender legacy lemon lemonade length lentil leopard lettuce liberty library lifeboat lilac limit liquid listen \
        lively lizard lobster logic lollipop lottery lucky lullaby lunar luxury macaroni machine magazine magician magnet magnolia \
        mahogany major mammal mammoth mandolin mansion marathon marble margin marigold maximum meadow mechanic medicine meeting melody \
        member menu mercury meringue mermaid message meteor metric microbe midnight midway migrate million mineral minnow minute mirror \
        mixture mobile moccasin molasses molecule monday monocle month mosquito moss muffin mulberry museum mushroom music mutual \
        mystery nachos napkin necklace nectar needle nephew network neutral newborn nickel nimble nomad notable notebook notepad notice \
        nougat november nutmeg nutshell nylon oasis oatmeal obelisk object observe obtain obvious octagon october octopus odyssey office \
        omelet onion opera opossum orbit orchard order ordinary oregano origami origin ornament osprey ostrich outcome outdoor outfit \
        outline outpost overture oxygen ozone pacific package pagoda paint palette pancake papaya paprika paradox parakeet parrot \
        parsley partner passport pasta payment peacock peanut pearl pelican pendulum penguin people perfume period petunia phantom \
        phoenix photo phrase physics piccolo picnic pigeon pilgrim pilot pinwheel pioneer pizza platform platypus pleasant plenty plural \
        plus poem policy pollen popcorn popular porch portrait position postcard potato prairie prefer premium prepare present pretzel \
        primary printer private problem produce project promise proof protein prune public pudding pumpkin puppet purpose pyramid python \
        quadrant quality quantum quarry quasar queen question quiver quiz quota rabbit raccoon radar radish rainbow raincoat raisin \
        random rapid ravine receive record recover referee regular release relief remote render repair repeat reply reptile request \
        rescue response restore result return rhapsody rhubarb rhythm ribbon rickshaw ripple risotto robot rodeo romance rooftop \
        rosemary royal rubber russet safari saffron sailor salsa salute sandbox sandwich sapphire sardine satchel sausage savanna \
        savings sawdust scarf scatter scholar school science scissors screen script sculptor seagull seahorse seashell seaweed secret \
        sedan seldom sentence serenade series sesame session shallow shampoo shelf shepherd sheriff shine shipyard shoelace shoulder \
        shower shrimp shuttle sibling sidewalk siesta similar skate skeleton sketch skill skunk skylark sleep slogan slope snack \
        snapshot soccer social soldier solid solution somebody songbird sonnet soprano sorry soybean spatula speaker spectrum sphere \
        spider spinach spiral splash sponge sprout square squirrel stadium stamp standard starfish steady stencil stereo storage stork \
        straw student studio style submit subway suggest suitcase sultan supply support supreme surfer surprise sushi swift syllable \
        symphony syrup system tackle taco tadpole talent tapestry tariff tarragon tartan teacup teapot teaspoon teenager telegram tenant \
        tennis tenor terrace theme thermal thistle thrill throne thunder tidal together tolerant tomorrow tongue toolbox topaz topsoil \
        tornado tortoise toucan tourist tractor traffic trail transit trapeze treasure tremble triangle tribe trombone trophy trousers \
        trumpet trust tuba tuesday tugboat tulip tundra turbine turkey turmeric tuxedo twin typical ukulele umbrella uncle unicorn unit \
        universe unusual update upgrade upstairs useful vacuum valve vanilla variety vehicle velcro verdict vessel veteran viaduct view \
        village vineyard vinyl violet virtue visible vision vitamin volcano vortex voucher voyage waffle wagon walnut waltz warrior wash \
        weekday weekend wheel whisper widget wildlife windmill wisdom wishbone wombat wooden woodland workshop wrinkle yacht yoga young \
        zephyr zeppelin zigzag zircon zodiac
        """
}
