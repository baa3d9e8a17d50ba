//! Each invariant of the books is checked: books that break it do not pass.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::string::String;

use types::{InstrumentId, Lots, Side, Ticks};

use crate::books::Hidden;
use crate::{Books, Rest};

const BOOK: InstrumentId = InstrumentId(0);

/// Slots 0 to 2 in one queue, 1 an iceberg; 3 waits, 4 is free.
fn sound() -> Books {
    let mut books = Books::new();
    books.open_book();
    for (owner, display) in [(0, None), (1, Some(Lots(2))), (2, None)] {
        let order = books.admit().expect("there are slots");
        let (side, price, open) = (Side::Bid, Ticks(70), Lots(5));
        books.rest(order, &Rest { book: BOOK, side, price, open, display, owner });
    }
    books.admit().expect("there are slots");
    let freed = books.admit().expect("there are slots");
    books.release(freed);
    books
}

fn said(check: impl FnOnce()) -> String {
    let Err(said) = catch_unwind(AssertUnwindSafe(check)) else { return String::from("sound") };
    let literal = || said.downcast_ref::<&str>().map(|said| String::from(*said));
    said.downcast_ref::<String>().cloned().or_else(literal).expect("a message")
}

/// What is said when it is broken, and how.
type Break = (&'static str, fn(&mut Books));

#[test]
fn each_invariant_is_checked() {
    assert_eq!(said(|| sound().check()), "sound");
    let breaks: [Break; 15] = [
        ("LEVEL-QUEUED: slot 1 stands", |books| books.slab.nodes[1].prev = 2),
        ("LEVEL-QUEUED: slot 0 stands", |books| books.slab.nodes[0].level ^= 1),
        ("LEVEL-QUEUED: slot 2 stands", |books| books.slab.nodes[2].displace()),
        ("LEVEL-QUEUED: slot 2 in a queue shows", |books| books.slab.nodes[2].displayed = 0),
        ("LEVEL-QUEUED: level 70", |books| level(books).tail = 1),
        ("LEVEL-QUEUED: level 70", |books| level(books).head = u32::MAX),
        ("LEVEL-TOTAL", |books| level(books).total += 1),
        ("LEVEL-TOTAL", |books| books.slab.nodes[0].displayed = 6),
        ("SLOT-ONCE: resting orders are those", |books| {
            books.slab.nodes[3].place(BOOK, Side::Bid, 70, false);
        }),
        ("SLOT-ONCE: resting orders are counted", |books| books.n_resting += 1),
        ("SLOT-ONCE: free, waiting", |books| books.slab.nodes[4].displace()),
        ("HIDDEN-ICEBERG: as many", |books| books.hidden.clear()),
        ("HIDDEN-ICEBERG: slot 2", |books| {
            let hidden = books.hidden.remove(&1).expect("an iceberg");
            books.hidden.insert(2, hidden);
        }),
        ("HIDDEN-ICEBERG: slot 1 hides", |books| {
            books.hidden.insert(1, Hidden { size: 0, display: 2 });
        }),
        ("HIDDEN-ICEBERG: slot 1 shows", |books| {
            books.hidden.insert(1, Hidden { size: 3, display: 1 });
        }),
    ];
    for (number, (name, break_it)) in breaks.into_iter().enumerate() {
        let mut books = sound();
        break_it(&mut books);
        let said = said(|| books.check());
        assert!(said.contains(name), "{number} breaks {name}: {said}");
    }
}

fn level(books: &mut Books) -> &mut crate::ladder::Level {
    let (_, index) = books.ladder.front(BOOK, Side::Bid).expect("a bid");
    &mut books.ladder.levels[index as usize]
}

/// BOOK-UNCROSSED, and the ladder's own invariants.
#[test]
fn a_crossed_book_is_sound_and_says_that_it_crosses() {
    for (ask, due) in [(71, "sound"), (70, "BOOK-UNCROSSED"), (69, "BOOK-UNCROSSED")] {
        let mut books = sound();
        let order = books.admit().expect("there are slots");
        let (side, price, open) = (Side::Ask, Ticks(ask), Lots(5));
        books.collect(order, &Rest { book: BOOK, side, price, open, display: None, owner: 9 });
        books.check();
        let said = said(|| books.check_uncrossed(BOOK));
        assert!(said.contains(due), "{ask}: {said}");
    }
    let mut books = sound();
    let (_, index) = books.ladder.front(BOOK, Side::Bid).expect("a bid");
    books.ladder.levels[index as usize ^ 1].head = 3;
    assert!(said(|| books.check()).contains("BITS-TRUE"));
}
