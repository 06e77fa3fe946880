import CLinux
import Testing

@testable import QuarkLinux

/// The process of the self-test does what is asked of it, whoever looks: these make one, and trace nothing.
@Suite struct SelfTestTests {
  @Test func whatSaysNothingIsFound() throws {
    // Where there are no pseudo terminals, none is written to.
    let terminals: [Hook] = unsafe access("/dev/ptmx", R_OK | W_OK) == 0 ? [.ttyWrite] : []
    let asked = [Hook.fork, .exit, .getpid, .ptraceAttach, .shmget, .memfdCreate] + terminals
    let knowledge = SelfTest.Knowledge(hooks: asked + [.moduleLoad, .ptraceRequest, .memfdCreate32], maxEnvironment: 0)
    #expect(try SelfTest.silentHooks(knowledge) { _ in } == asked)
  }

  @Test func nothingElseIsExpected() throws {
    let knowledge = SelfTest.Knowledge(hooks: [.moduleLoad, .ptraceTraceme, .ptraceRequest32], maxEnvironment: 0)
    #expect(try SelfTest.silentHooks(knowledge) { _ in } == [])
  }
}
