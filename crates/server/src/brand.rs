//! The name as it is drawn, on every page there is.

use maud::{Markup, html};

/// The mark, as an icon of pages.
pub const MARK: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 20 20'%3E%3Cpath d='M14.6 5.2a6.6 6.6 0 1 0 0 9.6' fill='none' stroke='%230b2fb3' stroke-width='3' stroke-linecap='round'/%3E%3Ccircle cx='17' cy='10' r='2.3' fill='%230b2fb3'/%3E%3C/svg%3E";

/// The name, drawn in one stroke.
pub fn wordmark() -> Markup {
    html! {
        svg viewBox="0 0 94 20" preserveAspectRatio="xMinYMid slice" aria-hidden="true" {
            path d="M8.94 7.95a5 5 0 1 0 0 8.1" {}
            circle.charge cx="11.5" cy="12" r="1.6" {}
            g.word {
                circle cx="21.5" cy="12" r="5" {}
                path d="M31 7v5.3a4.5 4.5 0 0 0 9 0V7m0 5v5M46 2.2V17M63 17V7m0 4.3a3.9 3.9 0 0 1 7.8 0V17m0-5.7a3.9 3.9 0 0 1 7.8 0V17M83.5 2.2V17" {}
                circle cx="55" cy="12" r="5" {}
                circle cx="88.4" cy="12" r="5" {}
            }
        }
    }
}
