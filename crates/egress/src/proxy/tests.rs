use super::*;

#[test]
fn host_port_and_credentials_are_read_and_credentials_never_shown() {
    let proxy: Proxy = "http://user:p%40ss%3Aword@proxy.internal:4750".parse().unwrap();
    assert_eq!(format!("{proxy:?}"), "Proxy(proxy.internal:4750)");
    // printf 'user:p@ss:word' | base64
    let line = proxy.authorization_line();
    assert_eq!(line.expose(), "Proxy-Authorization: Basic dXNlcjpwQHNzOndvcmQ=\r\n");
    for (text, shown) in [
        ("http://10.0.0.1", "Proxy(10.0.0.1:80)"),
        ("http://[fd00::1]:3128/", "Proxy(fd00::1:3128)"),
        ("HTTP://Proxy:3128", "Proxy(proxy:3128)"),
    ] {
        let proxy: Proxy = text.parse().unwrap();
        assert_eq!((format!("{proxy:?}").as_str(), proxy.authorization.is_none()), (shown, true));
    }
}

#[test]
fn what_is_no_proxy_is_refused_without_repeating_it() {
    for text in [
        "",
        "proxy.internal:4750",
        "https://user:hunter2@proxy.internal",
        "socks5://user:hunter2@proxy.internal",
        "http://user:hunter2@proxy.internal/path",
        "http://user:hunter2@proxy.internal/?a=1",
        "http://user:hunter2%zz@proxy.internal/",
        "http://user:hunter2@proxy.internal:0/",
        "http://",
    ] {
        let error = text.parse::<Proxy>().unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{text}");
    }
}

#[test]
fn only_a_final_status_of_http_1_counts() {
    assert_eq!(status(b"HTTP/1.1 200 Connection established\r\n\r\n"), Some(200));
    assert_eq!(status(b"HTTP/1.0 407\r\n\r\n"), Some(407));
    for head in [
        "HTTP/2 200 OK\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 2000 OK",
        "HTTP/1.1 20",
        "200 OK",
        "",
    ] {
        assert_eq!(status(head.as_bytes()), None, "{head}");
    }
}
