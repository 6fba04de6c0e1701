//! The icons: 16 by 16, one stroke. Each is drawn once at the end of a page and used by name; none stands without a word.

use maud::{Markup, PreEscaped, html};

/// Their drawings, by name.
const ICONS: &[(&str, &str)] = &[
    ("again", r#"<path d="M13.5 8A5.5 5.5 0 1 1 11.6 3.8L13.5 5.5M13.5 2.25V5.5h-3.25"/>"#),
    ("bill", r#"<path d="M3.25 1.75h9.5v12.5l-2.4-1.5L8 14.25l-2.35-1.5-2.4 1.5ZM6 5.25h4M6 8.25h4"/>"#),
    (
        "cardstop",
        r#"<path d="M14.25 7V5a1.5 1.5 0 0 0-1.5-1.5h-9.5A1.5 1.5 0 0 0 1.75 5v6a1.5 1.5 0 0 0 1.5 1.5h4M1.75 6.5h12.5M10.75 10.25l3.5 3.5M14.25 10.25l-3.5 3.5"/>"#,
    ),
    ("chat", r#"<path d="M2.25 12.75 3 10.2a5.25 5.25 0 1 1 2.3 2.1Z"/>"#),
    ("check", r#"<circle cx="8" cy="8" r="6.25"/><path d="m5.4 8.2 1.8 1.8 3.4-3.8"/>"#),
    ("clock", r#"<circle cx="8" cy="8" r="6.25"/><path d="M8 4.5V8l2.4 1.6"/>"#),
    (
        "copy",
        r#"<rect x="5.25" y="5.25" width="8" height="8" rx="1.5"/><path d="M10.75 2.75h-6.5a1.5 1.5 0 0 0-1.5 1.5v6.5"/>"#,
    ),
    (
        "day",
        r#"<rect x="2.25" y="3.25" width="11.5" height="10.5" rx="1.5"/><path d="M2.25 6.5h11.5M5.25 1.75v3M10.75 1.75v3"/>"#,
    ),
    ("down", r#"<path d="M8 2.5v8M4.75 7.5 8 10.75l3.25-3.25M2.75 13.5h10.5"/>"#),
    (
        "flow",
        r#"<rect x="1.75" y="2.25" width="4.5" height="4.5" rx="1"/><rect x="9.75" y="9.25" width="4.5" height="4.5" rx="1"/><path d="M6.25 4.5h4.25A1.5 1.5 0 0 1 12 6v3.25"/>"#,
    ),
    (
        "gift",
        r#"<path d="M2.75 7v6.25h10.5V7M1.75 4.5h12.5V7H1.75ZM8 4.5v8.75M8 4.5C6 4.5 4.6 3.7 4.9 2.6 5.3 1.3 7.6 1.9 8 4.5Zm0 0c2 0 3.4-.8 3.1-1.9C10.7 1.3 8.4 1.9 8 4.5Z"/>"#,
    ),
    (
        "globe",
        r#"<circle cx="8" cy="8" r="6.25"/><path d="M1.75 8h12.5M8 1.75c4 4 4 8.5 0 12.5-4-4-4-8.5 0-12.5Z"/>"#,
    ),
    (
        "held",
        r#"<path d="M4 2h8M4 14h8M4.75 2v2.2c0 1.9 3.25 2.4 3.25 3.8 0-1.4 3.25-1.9 3.25-3.8V2M4.75 14v-2.2C4.75 9.9 8 9.4 8 8c0 1.4 3.25 1.9 3.25 3.8V14"/>"#,
    ),
    ("info", r#"<circle cx="8" cy="8" r="6.25"/><path d="M8 7.5v3.5M8 5v.05"/>"#),
    (
        "lock",
        r#"<rect x="3.25" y="7" width="9.5" height="6.75" rx="1.5"/><path d="M5.25 7V5a2.75 2.75 0 0 1 5.5 0v2"/>"#,
    ),
    ("low", r#"<path d="M2.2 11.5a6.25 6.25 0 1 1 11.6 0"/><path d="M8 9 5 6.2"/><path d="M6.5 13h3"/>"#),
    ("none", r#"<circle cx="8" cy="8" r="6.25" stroke-dasharray="2.2 2.2"/>"#),
    ("out", r#"<path d="M6 3.5H3.5v9h9V10M9 3h4v4M13 3 7.5 8.5"/>"#),
    ("pause", r#"<circle cx="8" cy="8" r="6.25"/><path d="M6.4 5.9v4.2M9.6 5.9v4.2"/>"#),
    (
        "people",
        r#"<circle cx="6" cy="5.5" r="2.5"/><path d="M1.5 13.25a4.5 4.5 0 0 1 9 0M10.75 3.2a2.5 2.5 0 0 1 0 4.6M12.25 9.6a4.5 4.5 0 0 1 2.25 3.65"/>"#,
    ),
    ("plus", r#"<path d="M8 3v10M3 8h10"/>"#),
    ("refund", r#"<path d="M2.5 8a5.5 5.5 0 1 0 1.9-4.2L2.5 5.5M2.5 2.25V5.5h3.25M8 5v3.2l2 1.3"/>"#),
    ("run", r#"<path d="M4.5 2.9v10.2L13 8Z"/>"#),
    ("send", r#"<path d="M8 13.5v-11M3.5 7 8 2.5 12.5 7"/>"#),
    (
        "tool",
        r#"<path d="M9.6 5.2a3 3 0 0 1 4-2.8L11.4 4.6l2 2 .6-.5a3 3 0 0 1-3.9 3.3L5 14.4A1.7 1.7 0 0 1 2.6 12l5-5.1a3 3 0 0 1 2-1.7Z" transform="translate(-.4 -.4)"/>"#,
    ),
    (
        "unknown",
        r#"<circle cx="8" cy="8" r="6.25"/><path d="M6.3 6.3A1.75 1.75 0 1 1 8 8.3v.6M8 11.2v.05"/>"#,
    ),
    ("wait", r#"<path d="M8 1.75A6.25 6.25 0 1 1 1.75 8"/>"#),
    (
        "warn",
        r#"<path d="M7.1 2.6 1.7 12a1 1 0 0 0 .9 1.5h10.8a1 1 0 0 0 .9-1.5L8.9 2.6a1 1 0 0 0-1.8 0ZM8 6.25V9M8 11.2v.05"/>"#,
    ),
    ("x", r#"<path d="m4 4 8 8M12 4l-8 8"/>"#),
];

/// One of them.
pub fn icon(name: &'static str) -> Markup {
    debug_assert!(ICONS.iter().any(|(known, _)| *known == name), "there is no icon {name}");
    html! { svg.i aria-hidden="true" { use href={ "#i-" (name) } {} } }
}

/// The drawings of those that a page uses.
pub fn drawings(page: &str) -> Markup {
    let used = ICONS.iter().filter(|(name, _)| page.contains(&format!("#i-{name}\"")));
    html! {
        svg hidden {
            @for (name, drawing) in used {
                symbol id={ "i-" (name) } viewBox="0 0 16 16" { (PreEscaped(drawing)) }
            }
        }
    }
}
