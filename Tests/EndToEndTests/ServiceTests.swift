import Testing

/// All suites that start servers, which run one after the other: a server needs a processor, and there may be few.
@Suite("Service", .serialized)
enum ServiceTests {}
