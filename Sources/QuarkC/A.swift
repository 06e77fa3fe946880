import QuarkCore
@c(quark_answer) public func quarkAnswer() -> CInt { CInt(answer()) }
