//! What recorded events say.
