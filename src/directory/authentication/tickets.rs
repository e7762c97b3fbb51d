//! Tickets: sessions that the client keeps and the server has sealed. Most clients log in for each task and never come
//! back with what the login gives them; a ticket takes no memory here until it comes back.

use super::sessions::{Limits, SessionLease, SessionLogin, Sessions};
use crate::sync::locked;
use anyhow::anyhow;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Sessions that have come back, of a user and in all; with these, they take 2 MiB at most.
const SESSIONS: (usize, usize) = (200, 10_000);
/// Tickets that are known as ended, likewise; with these, they take 4 MiB at most.
const ENDED: (usize, usize) = (5_000, 50_000);

/// A ticket that this server has issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket {
    /// No other ticket has the same.
    seal: [u8; 32],
    pub(super) login: SessionLogin,
    /// Counts all tickets.
    number: u64,
    issued: Instant,
}

/// Issues tickets, and knows which sessions go on. The key is made at the start, so that no ticket outlives the process.
pub(super) struct Tickets {
    key: [u8; 32],
    start: Instant,
    /// How many were issued.
    count: AtomicU64,
    idle: Duration,
    sessions: Sessions,
    ended: Mutex<Ended>,
}

impl Tickets {
    /// # Errors
    /// When the operating system gives no random numbers.
    pub(super) fn new(idle: Duration) -> anyhow::Result<Tickets> {
        Tickets::with(idle, SESSIONS, ENDED)
    }

    fn with(idle: Duration, sessions: (usize, usize), ended: (usize, usize)) -> anyhow::Result<Tickets> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|error| anyhow!("get random numbers: {error}"))?;
        let (of_user, in_all) = sessions;
        let sessions = Sessions::new(Limits { idle, length: None, of_user, in_all });
        let (of_user, in_all) = ended;
        let ended = Mutex::new(Ended { idle, of_user, in_all, ..Ended::default() });
        Ok(Tickets { key, start: Instant::now(), count: AtomicU64::new(1), idle, sessions, ended })
    }

    /// Goes on with the session of a ticket, which lasts longer from now on if so wished. `None` when it has ended.
    pub(super) fn resume(&self, ticket: &Ticket, prolong: bool, now: Instant) -> Option<SessionLease> {
        let left = self.sessions.left(&ticket.seal, prolong, now);
        if left.is_some() {
            return left;
        }
        // Held, so that a session that ends at this moment does not begin again.
        let ended = locked(&self.ended);
        if ticket.issued + self.idle <= now || ended.has(ticket) {
            return None;
        }
        self.sessions.open(ticket.seal, ticket.login, ticket.issued, now);
        self.sessions.left(&ticket.seal, prolong, now)
    }

    /// Ends the session of a ticket, also if the ticket has never come back.
    pub(super) fn end(&self, ticket: &Ticket, now: Instant) {
        let mut ended = locked(&self.ended);
        self.sessions.end(&ticket.seal);
        if ticket.issued + self.idle > now && !ended.has(ticket) {
            ended.add(ticket, now);
        }
    }

    /// The fingerprint of the number of a password.
    pub(super) fn fingerprint(&self, password_number: i64) -> [u8; 32] {
        finish(self.mac(&[b"password", &password_number.to_be_bytes()]))
    }

    /// A new ticket, as a text.
    pub(super) fn issue(&self, login: &SessionLogin, now: Instant) -> String {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let age = u64::try_from((now - self.start).as_millis()).unwrap_or(u64::MAX);
        let (user_id, token) = (login.user_id.to_be_bytes(), login.token.unwrap_or(0).to_be_bytes());
        let mut head = [0; 32];
        head.as_chunks_mut().0.copy_from_slice(&[user_id, token, age.to_be_bytes(), number.to_be_bytes()]);
        let seal = finish(self.mac(&[b"ticket", &head, &login.password]));
        self.mask(&seal, &mut head);
        BASE64_URL_SAFE_NO_PAD.encode([seal, head, login.password].as_flattened())
    }

    /// The ticket with that text; `None` when the text is none.
    pub(super) fn read(&self, text: &str) -> Option<Ticket> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        let (&[seal, mut head, password], []) = bytes.as_chunks() else { return None };
        self.mask(&seal, &mut head);
        self.mac(&[b"ticket", &head, &password]).verify_slice(&seal).ok()?;
        let (&[user_id, token, age, number], []) = head.as_chunks() else { return None };
        let token = Some(i64::from_be_bytes(token)).filter(|token| *token != 0);
        let login = SessionLogin { user_id: i64::from_be_bytes(user_id), password, token };
        let issued = self.start.checked_add(Duration::from_millis(u64::from_be_bytes(age)))?;
        Some(Ticket { seal, login, number: u64::from_be_bytes(number), issued })
    }

    /// Hides the head of the ticket with that seal, or shows it again: row ids are on no wire.
    fn mask(&self, seal: &[u8; 32], head: &mut [u8; 32]) {
        let mask = finish(self.mac(&[b"mask", seal]));
        head.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
    }

    fn mac(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        let mut mac = Hmac::new_from_slice(&self.key).expect("a MAC takes a key of any length");
        for part in parts {
            mac.update(&part.len().to_be_bytes());
            mac.update(part);
        }
        mac
    }
}

fn finish(mac: Hmac<Sha256>) -> [u8; 32] {
    mac.finalize().into_bytes().into()
}

/// Tickets that must not begin a session again, although their time is not over.
#[derive(Default)]
struct Ended {
    idle: Duration,
    of_user: usize,
    in_all: usize,
    /// When each was issued, by its user and its number.
    issued: BTreeMap<(i64, u64), Instant>,
    /// Where a user has ended too many to know each: all of the user's up to a number, and when that was issued.
    void: HashMap<i64, (u64, Instant)>,
    /// The same for the tickets of all users.
    all_void: u64,
}

impl Ended {
    fn has(&self, ticket: &Ticket) -> bool {
        let (user_id, number) = (ticket.login.user_id, ticket.number);
        let void = self.void.get(&user_id).map_or(0, |(number, _)| *number).max(self.all_void);
        number <= void || self.issued.contains_key(&(user_id, number))
    }

    fn add(&mut self, ticket: &Ticket, now: Instant) {
        let user_id = ticket.login.user_id;
        let is_over = |issued: Instant| issued + self.idle <= now;
        let all = (user_id, 0)..=(user_id, u64::MAX);
        let mut count = self.issued.range(all.clone()).count();
        while let Some((&(_, number), &issued)) = self.issued.range(all.clone()).next()
            && (count >= self.of_user || is_over(issued))
        {
            self.issued.remove(&(user_id, number));
            count -= 1;
            if !is_over(issued) {
                self.void.insert(user_id, (number, issued));
            }
        }
        if self.issued.len() >= self.in_all {
            self.issued.retain(|_, issued| !is_over(*issued));
            self.void.retain(|_, (_, issued)| !is_over(*issued));
        }
        if self.issued.len() + self.void.len() >= self.in_all {
            let known = self.issued.keys().map(|(_, number)| *number);
            let void = self.void.values().map(|(number, _)| *number);
            self.all_void = known.chain(void).max().unwrap_or(0).max(self.all_void);
            self.issued.clear();
            self.void.clear();
        }
        self.issued.insert((user_id, ticket.number), ticket.issued);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);
    const OF_USER: usize = 4;
    const IN_ALL: usize = 12;

    /// Tickets for an hour, and few at a time.
    fn tickets() -> Tickets {
        Tickets::with(60 * MINUTE, (OF_USER, IN_ALL), (OF_USER, IN_ALL)).expect("random numbers")
    }

    fn login(user_id: i64) -> SessionLogin {
        SessionLogin { user_id, password: [3; 32], token: None }
    }

    impl Tickets {
        fn at(&self, minutes: u32) -> Instant {
            self.start + MINUTE * minutes
        }

        /// A ticket that was issued to that user at that minute.
        fn issued_to(&self, user_id: i64, minutes: u32) -> Ticket {
            self.read(&self.issue(&login(user_id), self.at(minutes))).expect("a ticket")
        }

        fn goes_on(&self, ticket: &Ticket, minutes: u32) -> bool {
            self.resume(ticket, true, self.at(minutes)).is_some()
        }

        fn known(&self) -> usize {
            let ended = locked(&self.ended);
            ended.issued.len() + ended.void.len()
        }
    }

    #[test]
    fn a_ticket_is_read_as_it_was_issued_and_no_two_are_the_same() {
        let (tickets, others) = (tickets(), tickets());
        let now = tickets.start + Duration::from_millis(1234);
        let mut texts = Vec::new();
        for login in [login(7), login(7), SessionLogin { token: Some(9), ..login(7) }, login(i64::MAX)] {
            let text = tickets.issue(&login, now);
            let ticket = tickets.read(&text).expect("a ticket");
            assert_eq!((ticket.login, ticket.issued), (login, now));
            assert_eq!(others.read(&text), None, "that of another process");
            assert!(!texts.contains(&text));
            texts.push(text);
        }
    }

    #[test]
    fn a_text_that_differs_in_one_character_is_no_ticket() {
        let tickets = tickets();
        let text = tickets.issue(&login(7), Instant::now());
        for at in 0..text.len() {
            for other in ["A", "B", "-", "_", "=", "/", " "] {
                let mut changed = text.clone();
                changed.replace_range(at..=at, other);
                assert_eq!(tickets.read(&changed).is_some(), changed == text, "{other} at {at} of {text}");
            }
        }
        let longer = ["A", "=", "\n"].map(|end| format!("{text}{end}"));
        let others = ["", "A", &text[1..], &text[..text.len() - 1], &text.repeat(2)];
        for other in others.into_iter().chain(longer.iter().map(String::as_str)) {
            assert_eq!(tickets.read(other), None, "{other}");
        }
    }

    #[test]
    fn fingerprints_tell_passwords_apart() {
        let (tickets, others) = (tickets(), tickets());
        assert_eq!(tickets.fingerprint(1), tickets.fingerprint(1));
        assert!(tickets.fingerprint(1) != tickets.fingerprint(2));
        assert!(tickets.fingerprint(1) != others.fingerprint(1), "that of another process");
    }

    #[test]
    fn a_session_goes_on_while_it_is_used_and_ends_without_use() {
        let tickets = tickets();
        let [used, looked_at, late] = [0; 3].map(|minutes| tickets.issued_to(1, minutes));
        for minutes in [1, 60, 119, 178] {
            assert!(tickets.goes_on(&used, minutes), "{minutes}");
        }
        assert!(!tickets.goes_on(&used, 239), "61 minutes without use");
        assert!(!tickets.goes_on(&used, 240), "an end is an end");
        for (minutes, goes_on) in [(1, true), (59, true), (61, false)] {
            assert_eq!(tickets.resume(&looked_at, false, tickets.at(minutes)).is_some(), goes_on, "{minutes}");
        }
        assert!(!tickets.goes_on(&late, 61), "61 minutes without a first use");
        assert!(tickets.goes_on(&tickets.issued_to(1, 240), 299), "the first use comes late");
    }

    #[test]
    fn a_ticket_that_has_ended_never_comes_back_however_many_end() {
        let tickets = tickets();
        let [kept, unused] = [10; 2].map(|minutes| tickets.issued_to(1, minutes));
        let of_another = tickets.issued_to(2, 10);
        assert!(tickets.goes_on(&kept, 11));
        let mut ended = Vec::new();
        for round in 0..40 {
            let ticket = tickets.issued_to(1, 11);
            assert!(round % 2 == 0 || tickets.goes_on(&ticket, 12), "half of them are used: {round}");
            tickets.end(&ticket, tickets.at(12));
            tickets.end(&ticket, tickets.at(12));
            assert!(tickets.goes_on(&kept, 12), "{round}");
            ended.push(ticket);
            assert!(ended.iter().all(|ticket| !tickets.goes_on(ticket, 13)), "{round}");
            assert!(tickets.known() <= OF_USER + 1, "{round}");
            // As long as each that has ended is known, no other is void.
            assert_eq!(tickets.resume(&unused, false, tickets.at(12)).is_some(), round < OF_USER, "{round}");
            tickets.sessions.end(&unused.seal);
        }
        assert!(ended.iter().all(|ticket| !tickets.goes_on(ticket, 70)));
        assert!(tickets.goes_on(&of_another, 13) && tickets.goes_on(&tickets.issued_to(1, 13), 14));
        // Those whose time is over need not be known any more.
        let later = tickets.issued_to(1, 100);
        tickets.end(&later, tickets.at(100));
        assert!(!tickets.goes_on(&later, 101) && ended.iter().all(|ticket| !tickets.goes_on(ticket, 101)));
        assert_eq!(locked(&tickets.ended).issued.len(), 1);
    }

    #[test]
    fn of_all_users_only_so_many_tickets_are_known_as_ended() {
        let tickets = tickets();
        let unused = tickets.issued_to(1000, 1);
        let mut ended = Vec::new();
        for user_id in 0..100 {
            let ticket = tickets.issued_to(user_id, 2);
            tickets.end(&ticket, tickets.at(2));
            ended.push(ticket);
            assert!(ended.iter().all(|ticket| !tickets.goes_on(ticket, 3)), "{user_id}");
            assert!(tickets.known() <= IN_ALL, "{user_id}");
        }
        assert!(!tickets.goes_on(&unused, 4) && tickets.goes_on(&tickets.issued_to(1000, 3), 4));
    }

    #[test]
    fn the_sessions_that_are_kept_are_those_used_last() {
        let tickets = tickets();
        let (daemon, of_another) = (tickets.issued_to(1, 0), tickets.issued_to(2, 0));
        // Older than an hour in the end, so that nothing but their use holds them.
        for minutes in 1..90 {
            assert!(tickets.goes_on(&tickets.issued_to(1, minutes), minutes));
            assert!(tickets.goes_on(&daemon, minutes), "{minutes}");
            assert!(minutes % 30 != 1 || tickets.goes_on(&of_another, minutes), "{minutes}");
        }
        for user_id in 3..40 {
            assert!(tickets.goes_on(&tickets.issued_to(user_id, 90), 90));
        }
        assert!(!tickets.goes_on(&daemon, 91), "the one with the least time left gives way");
    }
}
