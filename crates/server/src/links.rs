//! Where people find on this server what they are told of elsewhere, in answers and in mail. The pages themselves are not
//! here.

use ledger::id::OrganizationId;

/// What opens the console once.
pub fn enter(public_url: &str, organization: &OrganizationId, link: &str) -> String {
    format!("{public_url}/enter/{organization}/{link}")
}

/// The page where an organization's credits are looked at and paid for. `public_url` has no slash at its end.
pub fn billing(public_url: &str, organization: &OrganizationId) -> String {
    format!("{public_url}/console/{organization}/billing")
}
