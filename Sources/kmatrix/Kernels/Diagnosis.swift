/// One finding of `kmatrix doctor`.
struct Diagnosis: Sendable, Equatable {
  enum Grade: String, Sendable {
    case ok
    /// It will work, but not as well, or not yet.
    case warn
    case fail = "FAIL"
  }

  var grade: Grade
  var subject: String
  /// What was found and, if it is not well, what to do.
  var finding: String

  init(_ grade: Grade, _ subject: String, _ finding: String) {
    (self.grade, self.subject, self.finding) = (grade, subject, finding)
  }

  var line: String {
    let grade = grade.rawValue + String(repeating: " ", count: 4 - grade.rawValue.count)
    return "\(grade)  \(subject): \(finding)"
  }
}
