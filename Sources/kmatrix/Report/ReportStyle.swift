/// The colours of the reports, light and dark. Text and background of each pair have a contrast of at least 4.5 to 1.
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

  /// The name of a verdict's background colour.
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

  /// For SVG: a class for each colour that fills with it, because not all viewers know custom properties.
  static let fills: String = {
    func classes(_ palette: Palette) -> String { palette.map { ".\($0.name){fill:\($0.colour)}" }.joined() }
    return "\(classes(light))\n@media(prefers-color-scheme:dark){\(classes(dark))}"
  }()

  /// For HTML: a class for each background colour.
  static let groundClasses = grounds
    .map { ".\($0){background:var(--\($0));color:var(--\($0)-ink)}" }.joined()

  /// The rest of the page's style sheet.
  static let page = """
    *{box-sizing:border-box}
    body{margin:0;background:var(--page);color:var(--text);font:15px/1.5 system-ui,sans-serif}
    main{max-width:1080px;margin:auto;padding:20px 14px 40px}
    h1{font-size:1.55rem;margin:0 0 14px;display:flex;flex-wrap:wrap;gap:6px 12px;align-items:center}
    h1 .badge{font-size:.95rem}
    h2{font-size:1.1rem;margin:30px 0 10px}
    section>h3{font-size:.95rem;margin:18px 0 6px}
    .ways{width:100%;border-collapse:collapse;background:var(--card);border:1px solid var(--line);font-size:.87rem;
      font-variant-numeric:tabular-nums}
    .ways th{font-weight:400;text-align:left;overflow-wrap:anywhere}
    .ways thead th,.ways tfoot{color:var(--dim)}
    .ways td,.ways th{padding:4px 8px;border-bottom:1px solid var(--line)}
    .dim{color:var(--dim);font-size:.87rem}
    .totals{display:grid;grid-template-columns:repeat(auto-fit,minmax(104px,1fr));gap:8px;margin:0 0 8px}
    .totals div{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:8px 12px;
      display:flex;flex-direction:column-reverse}
    .totals dt{color:var(--dim);font-size:.8rem}
    .totals dd{margin:0;font-size:1.5rem;font-weight:600;line-height:1.25;font-variant-numeric:tabular-nums}
    .totals small{color:var(--dim);font-size:1rem;font-weight:400}
    .badge{display:inline-block;border-radius:6px;padding:1px 8px;font-size:.8rem;font-weight:600;white-space:nowrap}
    .failures{list-style:none;margin:0;padding:0}
    .failures li{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:10px 12px;
      margin-bottom:8px;overflow-wrap:anywhere}
    .failures p{margin:4px 0}
    .failures pre{white-space:pre-wrap}
    a{color:inherit}
    pre{background:var(--off);color:var(--text);border-radius:6px;padding:6px 10px;margin:6px 0;overflow-x:auto;
      font:.82rem/1.45 ui-monospace,monospace}
    .kernel{background:var(--card);border:1px solid var(--line);border-radius:10px;margin-bottom:6px}
    .kernel>summary{display:grid;grid-template-columns:112px 1fr 62px 110px;gap:4px 12px;align-items:center;
      padding:8px 12px;cursor:pointer;list-style:none}
    .kernel>summary::-webkit-details-marker{display:none}
    .kernel>summary .badge{justify-self:start}
    .name{font-weight:600;overflow-wrap:anywhere}
    .flag{font-size:.72rem;font-weight:600;border:1px solid currentColor;border-radius:5px;padding:0 5px;
      color:var(--odd-ink)}
    .count,.time{text-align:right;font-variant-numeric:tabular-nums;color:var(--dim);white-space:nowrap}
    .time i{display:block;height:4px;border-radius:2px;background:var(--bar);margin-left:auto;min-width:3px}
    .inside{padding:2px 12px 12px;border-top:1px solid var(--line);overflow-wrap:anywhere}
    .inside ul{margin:8px 0;padding-left:20px}
    .inside h3{font-size:.87rem;margin:12px 0 2px;color:var(--dim)}
    .tests{border-collapse:collapse;table-layout:fixed;width:100%;margin-top:8px}
    .tests td{padding:3px 6px 3px 0;vertical-align:top;border-bottom:1px solid var(--line)}
    .passed{margin-top:4px}
    .passed summary{cursor:pointer;color:var(--dim);font-size:.87rem}
    .tests td:first-child{width:104px}
    .tests td:last-child{width:64px;text-align:right;color:var(--dim);font-variant-numeric:tabular-nums;
      white-space:nowrap}
    .scroll{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:10px;padding:10px}
    .times{width:100%;border-collapse:collapse;font-size:.87rem;font-variant-numeric:tabular-nums}
    .times th{font-weight:400;text-align:left;white-space:nowrap}
    .times td,.times thead th{text-align:right;padding:3px 8px;white-space:nowrap}
    .times thead th,.times tfoot{color:var(--dim)}
    .grid{border-collapse:separate;border-spacing:3px}
    .grid th{font-weight:400;font-size:.82rem;text-align:left;white-space:nowrap}
    .grid thead th{vertical-align:bottom;padding:0 0 4px}
    .grid thead span{writing-mode:vertical-rl;transform:rotate(180deg);line-height:26px}
    .grid tbody th{position:sticky;left:-10px;background:var(--card);padding:0 10px 0 10px}
    .grid td{padding:0;height:24px}
    .mark{display:inline-block;width:26px;height:24px;line-height:24px;text-align:center;border-radius:5px;
      font-weight:700;font-size:.82rem}
    .legend{list-style:none;display:flex;flex-wrap:wrap;gap:6px 16px;padding:0;margin:10px 0;font-size:.85rem;
      color:var(--dim)}
    footer{margin-top:28px}
    @media(max-width:560px){
      .kernel>summary{grid-template-columns:1fr auto auto;gap:4px 14px}
      .name{grid-column:1/-1;grid-row:1}
      .time{min-width:76px}
      .tests td:first-child{width:90px}
      .ways tr{display:grid;grid-template-columns:repeat(var(--ways),1fr);border-bottom:1px solid var(--line);
        padding:3px 4px}
      .ways td,.ways th{padding:2px 4px;border:0}
      .ways tbody th,.ways tfoot th{grid-column:1/-1}
      .ways thead td{display:none}
      .grid tbody th{max-width:132px;white-space:normal;line-height:1.2;overflow-wrap:anywhere}
    }
    """
}

/// Text in XML, HTML and SVG.
enum Markup {
  /// Escapes characters that have a meaning, and removes those that XML 1.0 does not allow.
  static func escape(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "\n", "\t": result.unicodeScalars.append(scalar)
      case _ where isLegal(scalar): result.unicodeScalars.append(scalar)
      default: break
      }
    }
    return result
  }

  private static func isLegal(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x20...0x7e, 0xa0...0xd7ff, 0xe000...0xfffd, 0x1_0000...0x10_ffff: true
    default: false
    }
  }
}
