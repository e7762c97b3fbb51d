//! Request smuggling: messages that two programs could end at different places, each with a hidden request inside. The
//! server answers each in a way that never executes the hidden request.

mod bodies;
mod case;
mod chunks;
mod codings;
mod lengths;

use self::bodies::unexpected_bodies;
use self::case::Reading::{Followed, Refused, Whole};
use self::case::{Case, hidden};
use self::chunks::disguised_chunks;
use self::codings::{both_framings, disguised_codings};
use self::lengths::disguised_lengths;
use crate::support::client::{Connection, opened, request, write};
use crate::support::resource_guard::check_recovery;
use crate::support::server::Server;

/// The next request of an honest client on the same connection.
fn probe() -> String {
    request("GET /api/v1/validate HTTP/1.1", "Connection: close\r\n", "")
}

/// Sends all of it and returns the statuses, after checking that each answer says whether it is the last.
fn statuses(server: &Server, case: &Case, whole: bool) -> Vec<u16> {
    let message = format!("{}{}", case.message, probe());
    let mut connection = if whole {
        opened(server, &message)
    } else {
        let mut connection = Connection::open(server.address);
        for byte in message.as_bytes() {
            write(&mut connection, [*byte]);
        }
        connection
    };
    let mut statuses = Vec::new();
    let mut last = false;
    while let Some(answer) = connection.try_answer(statuses.is_empty() && message.starts_with("HEAD ")) {
        // An interim answer is no answer.
        if answer.status == 100 {
            continue;
        }
        assert!(!last, "{}: an answer after the announced close: {answer:?}", case.name);
        last = answer.header("Connection") == Some("close");
        statuses.push(answer.status);
    }
    assert!(last, "{}: the last answer does not announce the close: {statuses:?}", case.name);
    statuses
}

#[test]
fn hidden_request_is_never_executed() {
    let cases: Vec<Case> =
        [both_framings(), disguised_codings(), disguised_lengths(), disguised_chunks(), unexpected_bodies()]
            .into_iter()
            .flatten()
            .collect();
    assert!(cases.len() >= 60);
    let server = Server::start();
    let users = || server.datadog("GET", "/api/v1/user", None).json();
    check_recovery(&format!("{} smuggling cases, in one piece and byte by byte", cases.len()), &server, || {
        let (before, mut wrong) = (users(), Vec::new());
        for case in &cases {
            for whole in [true, false] {
                let statuses = statuses(&server, case, whole);
                let right = match case.reading {
                    Refused(expected) => statuses.len() == 1 && expected.contains(&statuses[0]),
                    Whole(status) => statuses == [status, 200],
                    Followed(status) => statuses == [status, 400],
                };
                if !right {
                    wrong.push(format!("{}: {statuses:?}, not {:?}", case.name, case.reading));
                }
            }
            assert_eq!(users(), before, "{}: {:?}", case.name, case.message);
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    });
    // Sent openly, the request creates the user.
    let before = users();
    assert_eq!(opened(&server, hidden()).answer(false).status, 200);
    assert_ne!(users(), before);
}
