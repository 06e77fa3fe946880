/// The colours of the reports, light and dark, each pair with a contrast of at least 4.5 to 1 between text and ground.
enum ReportStyle {
  typealias Palette = [(name: String, colour: String)]

  static let light: Palette = [
    ("page", "#fbfbfa"), ("card", "#ffffff"), ("text", "#1c1d1f"), ("dim", "#5c6068"), ("line", "#e3e4e6"),
    ("bar", "#c9ced6"), ("good", "#d9f2e0"), ("good-ink", "#0f5a2b"), ("bad", "#b3261e"), ("bad-ink", "#ffffff"),
    ("soft", "#fbe3e1"), ("soft-ink", "#8c1d18"), ("off", "#eceef1"), ("off-ink", "#4b5058"), ("odd", "#fdeebd"),
    ("odd-ink", "#674a00"),
  ]
  static let dark: Palette = [
    ("page", "#131416"), ("card", "#1b1d20"), ("text", "#e8e9eb"), ("dim", "#a2a7b0"), ("line", "#303338"),
    ("bar", "#474d57"), ("good", "#173d26"), ("good-ink", "#8fe0ab"), ("bad", "#ff8a80"), ("bad-ink", "#3b0a06"),
    ("soft", "#4a1d1a"), ("soft-ink", "#ffb4ab"), ("off", "#2a2d32"), ("off-ink", "#b3b8c1"), ("odd", "#463808"),
    ("odd-ink", "#f2d479"),
  ]

  /// Which of the grounds a verdict has.
  static func ground(_ verdict: Verdict) -> String {
    switch verdict {
    case .pass: "good"
    case .fail, .xpass: "soft"
    case .crash, .hang, .panic, .bootFail, .infra: "bad"
    case .skip: "off"
    case .xfail, .notRun: "odd"
    }
  }

  static let grounds = ["good", "bad", "soft", "off", "odd"]

  /// For HTML: the colours as custom properties.
  static let variables: String = {
    func root(_ palette: Palette) -> String {
      ":root{color-scheme:light dark;" + palette.map { "--\($0.name):\($0.colour)" }.joined(separator: ";") + "}"
    }
    return "\(root(light))\n@media(prefers-color-scheme:dark){\(root(dark))}"
  }()

  /// For SVG, whose viewers do not all know custom properties: a class per colour that fills with it.
  static let fills: String = {
    func classes(_ palette: Palette) -> String { palette.map { ".\($0.name){fill:\($0.colour)}" }.joined() }
    return "\(classes(light))\n@media(prefers-color-scheme:dark){\(classes(dark))}"
  }()
}
