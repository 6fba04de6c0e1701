//! First answers again (R2.4): the account as it stood right after the decision that answered first.
