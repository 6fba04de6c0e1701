//! What the server does without being asked. A job asks the engine like anyone else; correctness never hangs on one
//! having run (HOUSE: whatever is due happens before the next command on an account anyway).

pub mod due;
pub mod patience;
pub mod sweeper;
