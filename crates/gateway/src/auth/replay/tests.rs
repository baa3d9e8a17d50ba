//! Signatures are good once, near their time.

use super::{ReplayError, UsedSignatures};
use crate::limits::SIGNATURE_WINDOW_MS;

const NOW_MS: u64 = 1_795_336_885_000;

#[test]
fn a_signature_is_good_once_and_only_near_its_time() {
    let used = UsedSignatures::default();
    assert_eq!(used.use_once(NOW_MS, NOW_MS, [1; 32]), Ok(()));
    assert_eq!(used.use_once(NOW_MS, NOW_MS, [1; 32]), Err(ReplayError::Used));
    assert_eq!(used.use_once(NOW_MS, NOW_MS, [2; 32]), Ok(()), "another of the same moment");
    for off_ms in [SIGNATURE_WINDOW_MS + 1, 3_600_000, NOW_MS] {
        let stale = Err(ReplayError::Stale { off_ms });
        assert_eq!(used.use_once(NOW_MS, NOW_MS - off_ms, [3; 32]), stale);
    }
    assert!(used.use_once(NOW_MS, NOW_MS + SIGNATURE_WINDOW_MS + 1, [3; 32]).is_err());
    assert_eq!(used.use_once(NOW_MS, NOW_MS + SIGNATURE_WINDOW_MS, [3; 32]), Ok(()));
}

#[test]
fn a_signature_is_remembered_exactly_as_long_as_it_would_be_good() {
    let used = UsedSignatures::default();
    let future_ms = NOW_MS + SIGNATURE_WINDOW_MS;
    assert_eq!(used.use_once(NOW_MS, future_ms, [1; 32]), Ok(()));
    let last_ms = future_ms + SIGNATURE_WINDOW_MS;
    assert_eq!(used.use_once(last_ms, future_ms, [1; 32]), Err(ReplayError::Used));
    assert!(matches!(
        used.use_once(last_ms + 1, future_ms, [1; 32]),
        Err(ReplayError::Stale { .. })
    ));
    assert_eq!(used.use_once(last_ms + 1, last_ms, [2; 32]), Ok(()));
    assert_eq!(used.used.lock().expect("nobody panicked").len(), 1, "the first is forgotten");
}
