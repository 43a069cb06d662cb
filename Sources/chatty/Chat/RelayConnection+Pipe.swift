import ChatClient
import TransferIO

extension RelayConnection: RelayPipe {}
