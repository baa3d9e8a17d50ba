//! Bytes of a stranger as a request: any bytes give a request or an error of the dialect.
#![no_main]

use gateway::decode_request;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let id = match decode_request(bytes) {
        Ok(request) => {
            assert!(request.method.is_none_or(|method| !method.starts_with('/')));
            assert!(request.params.values().all(|value| !value.is_null()));
            request.id
        }
        Err(undecoded) => {
            assert!(matches!(undecoded.error.code, -32700 | -32600 | -32602), "{undecoded}");
            undecoded.id
        }
    };
    if let Some(id) = id {
        let sent = id.get().as_bytes();
        assert!(
            bytes.windows(sent.len()).any(|window| window == sent),
            "an id goes back as it came"
        );
    }
});
