import Testing
@testable import QuarkCore
@Test func smoke() { #expect(answer() == 42) }
