import Testing

/// Everything that starts servers runs in here, one test after the other: a server computes, and there may be few cores.
@Suite("Service", .serialized)
enum ServiceTests {}
