import GRDB
import NIOCore
