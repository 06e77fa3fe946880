import Testing
@testable import kmatrix
@Test func smoke() { _ = KMatrix.self }
