//! See HOUSE.
