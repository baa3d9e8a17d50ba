//! The transport against real sockets: each test has a server of its own on 127.0.0.1.

mod bad_input;
mod http;
mod keys;
mod limits;
mod login;
mod methods;
mod sockets;
mod world;
