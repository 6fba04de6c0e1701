//! Who may speak for Stripe.
