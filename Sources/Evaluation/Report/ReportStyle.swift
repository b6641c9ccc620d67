/// The look of a report: one column on a phone, two of charts on a desk, light or dark as the reader's system is.
enum ReportStyle {
    /// Colours that the colour-blind can tell apart (Okabe and Ito 2008), darker or lighter than there where the ground asks
    /// for it; class `c0` and on.
    private static let palette: [(light: String, dark: String)] = [
        ("#0072b2", "#56b4e9"), ("#d55e00", "#ff8c42"), ("#00795a", "#2fd0a5"), ("#a84f80", "#e79cc6"),
        ("#8a6d00", "#f0d442"), ("#5b4bb7", "#a99bff"), ("#6b6b6b", "#b0b0b0"), ("#9a3b3b", "#ff9d9d"),
    ]

    /// Number of colours.
    static var colours: Int { palette.count }

    static var sheet: String {
        func colours(_ pick: KeyPath<(light: String, dark: String), String>) -> String {
            palette.enumerated().map { "--c\($0):\($1[keyPath: pick]);" }.joined()
        }
        let classes = palette.indices.map { ".c\($0){--c:var(--c\($0))}" }.joined(separator: "\n")
        return """
            :root{color-scheme:light dark;--ground:#fff;--card:#f6f7f8;--ink:#1b1f23;--soft:#57606a;--rule:#d5dae0;\(colours(\.light))}
            @media (prefers-color-scheme:dark){:root{--ground:#14171a;--card:#1d2226;--ink:#e8eaed;--soft:#a3acb5;--rule:#39414a;\(colours(\.dark))}}
            \(classes)
            *{box-sizing:border-box}
            body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
            main{max-width:68rem;margin:0 auto;padding:1rem;display:grid;column-gap:2rem}
            main{grid-template-columns:repeat(auto-fit,minmax(min(100%,30rem),1fr))}
            main>*{grid-column:1/-1;min-width:0}
            main>.half{grid-column:auto}
            h1{font-size:1.5rem;line-height:1.25;margin:.5rem 0}
            h2{font-size:1.2rem;margin:2.2rem 0 .3rem}
            h3{font-size:1rem;margin:.2rem 0 .6rem}
            p{max-width:46rem;margin:.5rem 0}
            .soft,figcaption{color:var(--soft)}
            .verdict{font-size:1.15rem}
            .charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,22rem),1fr));gap:1rem}
            .charts{align-items:start}
            figure{margin:.6rem 0;padding:.8rem;background:var(--card);border:1px solid var(--rule)}
            figure{border-radius:.6rem;max-width:30rem;min-width:0}
            svg{display:block;width:100%;height:auto}
            svg text{fill:var(--ink);font:12px system-ui,sans-serif}
            svg text.axis{fill:var(--soft);font-size:11px;text-anchor:middle}
            svg text.start{text-anchor:start}
            svg text.end,svg text.value{text-anchor:end}
            svg text.value{font-weight:600}
            .grid{stroke:var(--rule);stroke-width:1}
            .bar{fill:var(--c)}
            .whisker{stroke:var(--ink);stroke-width:1.5}
            .line{fill:none;stroke:var(--c);stroke-width:2}
            .mark{fill:var(--c);stroke:var(--card);stroke-width:1}
            .scroll{overflow-x:auto;margin:.6rem 0;max-width:100%}
            .scroll:focus-visible,summary:focus-visible{outline:2px solid var(--c0);outline-offset:2px}
            table{border-collapse:separate;border-spacing:0;font-size:.9rem;font-variant-numeric:tabular-nums}
            caption{text-align:left;color:var(--soft);padding:.2rem 0}
            th,td{padding:.3rem .7rem;border-bottom:1px solid var(--rule);text-align:right;white-space:nowrap}
            th:first-child{text-align:left;position:sticky;left:0;background:var(--ground)}
            .words td,.words th{text-align:left}
            .words td{white-space:normal;min-width:9rem;overflow-wrap:anywhere}
            .words.long td{min-width:20rem}
            details{margin:.5rem 0}
            figure th:first-child{background:var(--card)}
            summary{cursor:pointer;color:var(--soft);padding:.2rem 0}
            code{font-size:.9em;overflow-wrap:anywhere}
            @media print{details>*{display:block}}
            """
    }
}
