import Redis
import Testing

struct RedisAddressTests {
    @Test func urlsAreRead() throws {
        let plain = try RedisAddress(parsing: "redis://cache.example")
        #expect(plain == RedisAddress(.tcp(host: "cache.example", port: 6379)))
        let full = try RedisAddress(parsing: "redis://ann:p%40ss%2F1@10.0.0.1:6380/3")
        #expect(
            full == RedisAddress(.tcp(host: "10.0.0.1", port: 6380), database: 3, username: "ann", password: "p@ss/1"))
        let six = try RedisAddress(parsing: "redis://[::1]:7000")
        #expect(six.endpoint == .tcp(host: "::1", port: 7000))
        let socket = try RedisAddress(parsing: "unix:///run/redis/redis.sock?db=2")
        #expect(socket == RedisAddress(.unix(path: "/run/redis/redis.sock"), database: 2))
        let secret = try RedisAddress(parsing: "unix://:hush@/run/redis.sock")
        #expect(secret == RedisAddress(.unix(path: "/run/redis.sock"), password: "hush"))
    }

    @Test(arguments: [
        "", "redis://", "redis://h:0", "redis://h:70000", "redis://h/x", "redis://h/-1", "redis://h?db=1",
        "redis://ann@h",
        "unix://run/redis.sock", "unix:///", "unix:///a?database=1", "unix:///a?db=x", "http://h", "h:6379",
        "redis://:hush#1@h", "redis://:hu sh@h:6379/0/1",
    ])
    func wrongOnesAreRefusedWithoutRepeatingThem(_ text: String) {
        do {
            let address = try RedisAddress(parsing: text)
            Issue.record("\(text) was read as \(address)")
        } catch {
            #expect(error.code == .invalidAddress)
            #expect(!error.message.contains("hu"))
        }
    }

    @Test func tlsIsRefusedWithTheRemedy() {
        let error = #expect(throws: RedisError.self) { try RedisAddress(parsing: "rediss://h") }
        #expect(error?.message.contains("tunnel") == true)
    }

    @Test func thePasswordIsNeverPrinted() throws {
        let address = try RedisAddress(parsing: "redis://ann:hush@h:1/2")
        var dumped = ""
        dump(address, to: &dumped)
        for text in ["\(address)", String(reflecting: address), String(describing: Optional(address)), dumped] {
            #expect(text.contains("redis://ann:***@h:1/2"))
            #expect(!text.contains("hush"))
        }
    }
}
