//! The load tool on a PostgreSQL database that nobody else uses, so that published figures can be had again with one
//! command. What is asked and how it is counted is the business of `coulomb bench`.

use xtask::postgres::Cluster;
use xtask::shell::{cargo, run};

/// What ships, rather than what is tested.
const COULOMB: [&str; 6] = ["--release", "--locked", "--package", "coulomb-server", "--bin", "coulomb"];

/// Measures on an empty database of a server that writes to the disk what it commits.
pub fn on_postgres(arguments: &[&str]) -> Result<(), String> {
    // First, because a machine that builds is busy for a while after.
    run(cargo().arg("build").args(COULOMB))?;
    let cluster = Cluster::durable(&[])?;
    let database = cluster.create_database("bench")?;
    run(cargo().arg("run").args(COULOMB).args(["--", "bench", "--database", &database]).args(arguments))
}
