//! Where a server may send on to: never from the outside into the networks that only insiders reach.

use std::error::Error as StdError;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Variables that name the proxy of a program; a proxy may stand anywhere.
const PROXIES: [&str; 6] =
    ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];

/// A network that not everybody reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Network {
    /// This machine.
    Loopback,
    /// The neighbours of a machine, and the metadata service of clouds (169.254.169.254).
    LinkLocal,
    /// Private and unique-local addresses, and others that are not routed in the internet.
    Private,
}

impl Network {
    /// None for a public address.
    pub(super) fn of(address: IpAddr) -> Option<Self> {
        match address {
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => match embedded(address) {
                Some(address) => Self::of_v4(address),
                None => Self::of_v6(address),
            },
        }
    }

    fn of_v4(address: Ipv4Addr) -> Option<Self> {
        match address.octets() {
            [0 | 127, ..] => Some(Self::Loopback),
            // The last is Azure's metadata service.
            [169, 254, ..] | [168, 63, 129, 16] => Some(Self::LinkLocal),
            [10, ..] | [172, 16..32, ..] | [192, 168, ..] | [100, 64..128, ..] => Some(Self::Private),
            [192, 0, 0, _] | [198, 18..20, ..] | [224..=255, ..] => Some(Self::Private),
            _ => None,
        }
    }

    fn of_v6(address: Ipv6Addr) -> Option<Self> {
        match address.segments() {
            [0, 0, 0, 0, 0, 0, 0, 0 | 1] => Some(Self::Loopback),
            [0xfe80..=0xfebf, ..] => Some(Self::LinkLocal),
            [0xfc00..=0xfdff | 0xfec0..=0xfeff | 0xff00..=0xffff, ..] => Some(Self::Private),
            _ => None,
        }
    }
}

/// The address of the older kind that stands in one of the newer: mapped, translated (NAT64) or tunnelled (6to4).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let pair = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(pair(high, low)),
        [0x2002, high, low, ..] => Some(pair(high, low)),
        _ => None,
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Loopback => "an address of this machine",
            Self::LinkLocal => "a link-local or metadata address",
            Self::Private => "a private address",
        })
    }
}

/// The networks that a server may send on to, besides the public one: those that it stands in itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct Reach(u8);

impl Reach {
    /// Of a server, by where its name leads.
    pub(super) async fn of(server: &Url) -> Self {
        let addresses = match server.host() {
            Some(Host::Ipv4(address)) => vec![address.into()],
            Some(Host::Ipv6(address)) => vec![address.into()],
            Some(Host::Domain(name)) => lookup(name.to_owned()).await.unwrap_or_default(),
            None => Vec::new(),
        };
        Self::over(addresses)
    }

    fn over(addresses: Vec<IpAddr>) -> Self {
        Self(
            addresses
                .into_iter()
                .filter_map(Network::of)
                .fold(0, |reach, network| reach | 1 << network as u8),
        )
    }

    /// Checks an address that stands in place of a name, which nobody resolves.
    pub(super) fn check(self, url: &Url) -> Result<(), Forbidden> {
        match url.host() {
            Some(Host::Ipv4(address)) => self.admit(&address.to_string(), address.into()),
            Some(Host::Ipv6(address)) => self.admit(&address.to_string(), address.into()),
            _ => Ok(()),
        }
    }

    fn admit(self, host: &str, address: IpAddr) -> Result<(), Forbidden> {
        match Network::of(address) {
            Some(network) if self.0 & (1 << network as u8) == 0 => {
                Err(Forbidden { host: host.to_owned(), address, network })
            }
            _ => Ok(()),
        }
    }
}

/// A server sent on to an address that it must not lead to.
#[derive(Debug, Clone)]
pub(super) struct Forbidden {
    host: String,
    address: IpAddr,
    network: Network,
}

impl Forbidden {
    /// It, where it lies beneath another error.
    pub(super) fn beneath<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Self> {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(forbidden) = error.downcast_ref() {
                return Some(forbidden);
            }
            cause = error.source();
        }
        None
    }
}

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, address, network } = self;
        write!(
            f,
            "the server redirects to {host} ({address}), {network}, and what stands there is not indexed; if it is meant to \
             be, give that server's address as the address of the source"
        )
    }
}

impl StdError for Forbidden {}

type Lookup = fn(String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>>;

/// Resolves names, and leaves out what is out of reach; it is asked at the moment of connecting.
pub(super) struct Guard {
    reach: Reach,
    lookup: Lookup,
    /// Hosts of proxies.
    exempt: Arc<[String]>,
}

impl Guard {
    pub(super) fn new(reach: Reach) -> Self {
        let named = PROXIES.iter().filter_map(|name| std::env::var(name).ok());
        Self { reach, lookup, exempt: named.filter_map(|proxy| host_of(&proxy)).collect() }
    }
}

/// The host in the address of a proxy, with a scheme or without.
fn host_of(proxy: &str) -> Option<String> {
    let with_scheme = || Url::parse(&format!("http://{proxy}"));
    let url = Url::parse(proxy).ok().filter(Url::has_host).or_else(|| with_scheme().ok())?;
    url.host_str().map(str::to_owned)
}

fn lookup(name: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
    Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.map(|found| found.ip()).collect()) })
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let (host, reach) = (name.as_str().to_owned(), self.reach);
        let is_exempt = self.exempt.contains(&host);
        let found = (self.lookup)(host.clone());
        Box::pin(async move {
            let (mut admitted, mut refused) = (Vec::new(), None);
            for address in found.await? {
                match reach.admit(&host, address) {
                    Err(forbidden) if !is_exempt => refused = Some(forbidden),
                    _ => admitted.push(SocketAddr::new(address, 0)),
                }
            }
            match refused {
                Some(forbidden) if admitted.is_empty() => Err(forbidden.into()),
                _ => Ok(Box::new(admitted.into_iter()) as Addrs),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_apart_in_every_form() {
        for (address, network) in [
            ("127.0.0.1", Some(Network::Loopback)),
            ("0.0.0.0", Some(Network::Loopback)),
            ("::1", Some(Network::Loopback)),
            ("::", Some(Network::Loopback)),
            ("::ffff:127.0.0.1", Some(Network::Loopback)),
            ("169.254.169.254", Some(Network::LinkLocal)),
            ("168.63.129.16", Some(Network::LinkLocal)),
            ("64:ff9b::a9fe:a9fe", Some(Network::LinkLocal)),
            ("fe80::1", Some(Network::LinkLocal)),
            ("10.1.2.3", Some(Network::Private)),
            ("172.31.0.1", Some(Network::Private)),
            ("192.168.1.1", Some(Network::Private)),
            ("100.100.100.200", Some(Network::Private)),
            ("2002:c0a8:101::1", Some(Network::Private)),
            ("fd00:ec2::254", Some(Network::Private)),
            ("ff02::1", Some(Network::Private)),
            ("255.255.255.255", Some(Network::Private)),
            ("172.32.0.1", None),
            ("100.128.0.1", None),
            ("93.184.216.34", None),
            ("2606:2800:220:1::1", None),
        ] {
            assert_eq!(Network::of(address.parse().unwrap()), network, "{address}");
        }
    }

    #[tokio::test]
    async fn a_server_leads_to_its_own_networks_and_outside() {
        for (server, to, expected) in [
            ("http://93.184.216.34/", "http://10.0.0.1/", Some("a private address")),
            ("http://93.184.216.34/", "http://[::1]:9200/", Some("an address of this machine")),
            ("http://10.0.0.1/", "http://192.168.7.7/", None),
            ("http://10.0.0.1/", "http://169.254.169.254/latest/", Some("a link-local or metadata address")),
            ("http://127.0.0.1/", "http://127.0.0.1:9/", None),
            ("http://127.0.0.1/", "http://93.184.216.34/", None),
            ("http://localhost/", "http://127.0.0.1/", None),
            ("file:///x", "http://127.0.0.1/", Some("an address of this machine")),
        ] {
            let reach = Reach::of(&server.parse().unwrap()).await;
            let message = reach.check(&to.parse().unwrap()).err().map(|forbidden| forbidden.to_string());
            assert_eq!(message.is_some(), expected.is_some(), "{server} {to}");
            assert!(message.is_none_or(|message| message.contains(expected.unwrap())));
        }
    }

    /// `mixed` leads to both worlds, other names inside only.
    fn fake(name: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        let inside = IpAddr::from([10, 0, 0, 7]);
        let outside = IpAddr::from([192, 0, 2, 1]);
        let found = if name == "mixed.test" { vec![inside, outside] } else { vec![inside] };
        Box::pin(std::future::ready(Ok(found)))
    }

    #[tokio::test]
    async fn a_name_is_checked_by_where_it_leads_when_it_is_connected_to() {
        let guard = |reach, exempt: &[&str]| Guard {
            reach,
            lookup: fake,
            exempt: exempt.iter().map(|host| (*host).to_owned()).collect(),
        };
        let resolved = async |guard: &Guard, name: &str| {
            let found = guard.resolve(name.parse().unwrap()).await;
            found.map(|found| found.map(|address| address.ip().to_string()).collect::<Vec<_>>())
        };
        let strict = guard(Reach::default(), &["proxy.test"]);
        assert!(
            resolved(&strict, "inside.test")
                .await
                .unwrap_err()
                .to_string()
                .contains("inside.test (10.0.0.7)")
        );
        assert_eq!(
            resolved(&strict, "mixed.test").await.unwrap(),
            ["192.0.2.1"],
            "what is out of reach is left out"
        );
        assert_eq!(
            resolved(&strict, "proxy.test").await.unwrap(),
            ["10.0.0.7"],
            "a proxy may stand anywhere"
        );
        let insider = guard(Reach::over(vec![[10, 0, 0, 1].into()]), &[]);
        assert_eq!(resolved(&insider, "inside.test").await.unwrap(), ["10.0.0.7"]);
        let client = reqwest::Client::builder().no_proxy().dns_resolver(Arc::new(strict)).build().unwrap();
        let error = client.get("http://inside.test/").send().await.unwrap_err();
        assert!(Forbidden::beneath(&error).is_some(), "it is found beneath what the client makes of it");
        assert!(Forbidden::beneath(&std::io::Error::other("else")).is_none());
    }

    #[test]
    fn the_host_of_a_proxy_is_read_with_a_scheme_and_without() {
        for (proxy, host) in [
            ("http://proxy.corp:3128", Some("proxy.corp")),
            ("proxy.corp:3128", Some("proxy.corp")),
            ("socks5://u:p@10.0.0.2", Some("10.0.0.2")),
            ("", None),
        ] {
            assert_eq!(host_of(proxy).as_deref(), host, "{proxy}");
        }
    }
}
