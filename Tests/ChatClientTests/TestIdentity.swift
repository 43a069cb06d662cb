import Foundation

/// Two self-signed identities for `localhost`, made for these tests and used nowhere else.
enum TestIdentity: CaseIterable {
    case one, two

    var certificate: String {
        switch self {
        case .one:
            """
            -----BEGIN CERTIFICATE-----
            MIIBljCCATugAwIBAgIUDGLOsHtG884rctDAI0qT9Eeql24wCgYIKoZIzj0EAwIw
            FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjE1MDY0NVoYDzIxMjYxMDI5
            MTUwNjQ1WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
            PQMBBwNCAATjRRKu/zpOu8hKrMepZJPc/c8NHIFNbL+rEA66wALYJ/QmzQ7itUt4
            BIl1PoG71oIlkI6LxSQiRyi5hwylGgY7o2kwZzAdBgNVHQ4EFgQUNjPlym4uyGfu
            QwK3pFH9xG9z07UwHwYDVR0jBBgwFoAUNjPlym4uyGfuQwK3pFH9xG9z07UwDwYD
            VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID
            SQAwRgIhAIBI2va+Pjs3k+CCDo2LZ/rn/4EwP8GzTbgCpbtxjk52AiEAz4fRCS3f
            /QfUfhBmtCEihWgdbXYWeerXQd4yq4A/UQk=
            -----END CERTIFICATE-----
            """
        case .two:
            """
            -----BEGIN CERTIFICATE-----
            MIIBlTCCATugAwIBAgIUeZn5Sqfjbv/FVo1Q+dgTSNOuyKowCgYIKoZIzj0EAwIw
            FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjE1MDY0NVoYDzIxMjYxMDI5
            MTUwNjQ1WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
            PQMBBwNCAARsSw4J8LqMZhSz1Nd6Qet1OB8uSLl3IT9Cj8t/WTk9AqqBVxsvC26m
            1KpmStKcuASHExocu9P8Ihi0/r4xlKARo2kwZzAdBgNVHQ4EFgQUq+tzqCcs8xhh
            MdlcegIgH2QZu1MwHwYDVR0jBBgwFoAUq+tzqCcs8xhhMdlcegIgH2QZu1MwDwYD
            VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID
            SAAwRQIhAMnCI4ffPdQaFuMQ6NBTh9/fEqAiq7o6mCZXekCzHyH0AiAUgv+PfcYH
            5panqPnfStSL096+fdEL2Km5hYrcixYcOw==
            -----END CERTIFICATE-----
            """
        }
    }

    var key: String {
        switch self {
        case .one:
            """
            -----BEGIN PRIVATE KEY-----
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgUHELRo5JOhVvUSOP
            UIJFMnkS0CgjSeoKH6M+AAKAdM+hRANCAATjRRKu/zpOu8hKrMepZJPc/c8NHIFN
            bL+rEA66wALYJ/QmzQ7itUt4BIl1PoG71oIlkI6LxSQiRyi5hwylGgY7
            -----END PRIVATE KEY-----
            """
        case .two:
            """
            -----BEGIN PRIVATE KEY-----
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg9wbBTwT74E4ITfRu
            U85to4yf4zS+TKCaeTP2omV0AXuhRANCAARsSw4J8LqMZhSz1Nd6Qet1OB8uSLl3
            IT9Cj8t/WTk9AqqBVxsvC26m1KpmStKcuASHExocu9P8Ihi0/r4xlKAR
            -----END PRIVATE KEY-----
            """
        }
    }

    var der: [UInt8] {
        let lines = certificate.split(separator: "\n").filter { !$0.contains("-----") }
        return Data(base64Encoded: lines.joined()).map(Array.init) ?? []
    }
}
