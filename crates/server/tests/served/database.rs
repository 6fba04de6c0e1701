//! The database server is killed under load, again and again (TRUST T19, T23): servers go on by themselves, everything that was
//! answered is there, and `coulomb verify` is clean after each kill. What one such death looks like to a caller is in `servers`.

use super::{
    kills::{kills, prepare},
    peer::{Data, coulomb},
    servers::{Fleet, Load},
};
use xtask::postgres::Cluster;

#[test]
fn whatever_was_answered_is_there_after_any_kill_of_the_database() {
    let mut cluster = Cluster::start(&[]).unwrap();
    let url = cluster.create_database("coulomb").unwrap();
    let fleet = Fleet::start(Data::at(&url), &[]);
    prepare(&fleet.address(0), &fleet.key);
    let load = Load::on(&fleet);
    let rounds = kills(5);
    let told = load.during(
        |client| load.work(client),
        || {
            for round in 0..rounds {
                // At once after it is there again, or when much was done.
                load.wait_for(1 + u64::try_from(round * round * 11 % 150).unwrap());
                match round % 2 {
                    0 => cluster.kill().unwrap(),
                    _ => cluster.stop_immediate().unwrap(),
                }
                cluster.start_again().unwrap();
                let (status, report) = coulomb(&["verify"], &fleet.data);
                assert!(status.success(), "after kill {round} of the database: {report}");
            }
            load.wait_for(50);
        },
    );
    assert!(told.len() > rounds, "something was answered between the kills: {}", told.len());
    fleet.has_all(&told);
    fleet.is_proven();
}
