import Testing

@testable import QuarkLinux

/// The process of the self-test does what is asked of it, whoever looks: these make one, and trace nothing.
@Suite struct SelfTestTests {
  @Test func whatSaysNothingIsFound() throws {
    let asked = [Hook.fork, .exit, .getpid, .ptraceAttach, .shmget, .memfdCreate]
    let knowledge = SelfTest.Knowledge(hooks: asked + [.moduleLoad, .ptraceRequest, .memfdCreate32], maxEnvironment: 0)
    #expect(try SelfTest.silentHooks(knowledge) { _ in } == asked)
  }

  @Test func nothingElseIsExpected() throws {
    let knowledge = SelfTest.Knowledge(hooks: [.moduleLoad, .ptraceTraceme, .ptraceRequest32], maxEnvironment: 0)
    #expect(try SelfTest.silentHooks(knowledge) { _ in } == [])
  }
}
