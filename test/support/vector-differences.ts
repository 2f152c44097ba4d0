/** Where other implementations' tests and ours part, case by case, and what the RFCs say of it. */

export interface Difference {
  readonly source: string;
  readonly id: string | RegExp;
  /** Our answer. */
  readonly ours: string;
  readonly why: string;
}

const CARRIED = 'not recognized here, so not looked into: carried on with Partial (RFC 4271 9)';
const DROPPED = 'not recognized here, so not looked into: dropped, as it is non-transitive (RFC 4271 9)';
const PATH_IDS = 'it has path identifiers, which this session has not agreed upon (RFC 7911 5)';
const UNSPECIFIED =
  'an error in a NOTIFICATION is not answered (RFC 4271 6.4): the session ends all the same';

// biome-ignore format: one line per rule
export const DIFFERENT: readonly Difference[] = [
  { source: 'exabgp', id: 'conf-attributes.ci#1.230', ours: 'treat-as-withdraw', why: 'NEXT_HOP 255.255.255.255 is no host (RFC 4271 6.3, 5.1.3)' },
  { source: 'exabgp', id: 'extended-nexthop.ci#1.385', ours: 'session-reset', why: 'IPv6 NLRI have a next hop of 16 or 32 octets (RFC 2545 3, RFC 7606 7.11)' },
  { source: 'frr', id: /\/aigp-(tlv-unknown-type|len-0)\//, ours: 'accepted', why: DROPPED },
  { source: 'frr', id: /\/link-state-tlv-overrun\//, ours: 'accepted', why: DROPPED },
  { source: 'frr', id: /\/unknown-fd-nontransitive\//, ours: 'accepted', why: 'dropped without a word, which is no error (RFC 4271 5)' },
  { source: 'frr', id: /\/prefix-sid-(tlv-overrun|bad-label-index)\//, ours: 'accepted', why: CARRIED },
  { source: 'frr', id: /\/PREFIX-SID-SRv6-L3-Service-(missing|sid)/, ours: 'accepted', why: CARRIED },
  { source: 'frr', id: /\/nhc-bad-afi-safi\//, ours: 'accepted', why: CARRIED },
  { source: 'frr', id: /\/(pmsi-len-4|pmsi-type-255|encap-outer-len-mismatch)\//, ours: 'accepted', why: CARRIED },
  { source: 'frr', id: /\/aspath-flag-partial\//, ours: 'accepted', why: 'RFC 7606 3.c names the Optional and Transitive bits only' },
  { source: 'frr', id: /\/as4path-seg-type-0\//, ours: 'attribute-discard', why: 'RFC 6793 4.1 and 6: discarded between 4-octet speakers, and where malformed' },
  { source: 'frr', id: /\/mp_reach_segments\/IPv6(-default)?$/, ours: 'treat-as-withdraw', why: 'its next hop is a multicast address; the test is of the parser alone' },
  { source: 'frr', id: /\/IPv4-VPNv4-plen/, ours: 'accepted', why: 'a family that was not agreed upon: its NLRI are left out unread (RFC 4760 6)' },
  { source: 'frr', id: /\/mp_reach_segments\/IPv6-bug/, ours: 'accepted', why: 'next hop, reserved octet and no NLRI at all, which nothing forbids (RFC 4760 3)' },
  { source: 'frr', id: /\/test_segments\/padded/, ours: 'OPEN refused', why: 'the capability has no value (RFC 2918 2); NetGauze refuses the like, too' },
  { source: 'frr', id: /\/DynCapMPCpadded/, ours: 'header error 3', why: 'dynamic capabilities are a draft, and message type 6 is not ours' },
  { source: 'frr', id: /^test_aspath\/BGP_AS_ZERO/, ours: 'treat-as-withdraw', why: 'AS 0 in AS_PATH (RFC 7607 2); the test is of the parser alone' },
  { source: 'frr', id: 'test_attr_parse/repeated-attr-ebgp', ours: 'attribute-discard', why: 'all but the first are discarded (RFC 7606 3.g): the same, said and counted' },
  { source: 'frr', id: 'test_attr_parse/aigp-bad-flags-ibgp', ours: 'attribute-discard', why: 'RFC 7311 3.2: discarded, said and counted' },
  { source: 'frr', id: /local-pref-len-3-ebgp-oad$/, ours: 'attribute-discard', why: 'we have no OAD sessions; from outside LOCAL_PREF is discarded (RFC 7606 7.5)' },
  { source: 'gobgp', id: /Invalid MP_REACH_NLRI$/, ours: 'session-reset', why: 'RFC 7606 7.11 leaves the choice between disabling the family and this' },
  { source: 'netgauze', id: /test_parse_add_path\/bad_send_receive/, ours: 'OPEN', why: 'a Send/Receive that is none is ignored (RFC 7911 4)' },
  { source: 'netgauze', id: /fqdn_capability_invalid_utf8/, ours: 'OPEN', why: 'a capability that we do not know is ignored (RFC 5492 3)' },
  { source: 'netgauze', id: /test_bgp_role_capability\/undefined_role/, ours: 'OPEN', why: 'a capability that we do not know is ignored (RFC 5492 3)' },
  { source: 'netgauze', id: /route_refresh\/bad_payload|route_refresh_message\/bad_undefined/, ours: 'ROUTE-REFRESH', why: 'a subtype that is not known is ignored by who handles it (RFC 7313 5)' },
  { source: 'netgauze', id: /test_bgp_add_path_withdraw/, ours: 'session-reset', why: PATH_IDS },
  { source: 'netgauze', id: /bad_multicast|mp_unreach_nlri_ipv6_unicast\/invalid_afi/, ours: 'accepted', why: 'NLRI that parse but make no sense are ignored one by one (RFC 4271 6.3)' },
  { source: 'netgauze', id: /^notification\/.*\/bad_undefined/, ours: 'NOTIFICATION', why: UNSPECIFIED },
  { source: 'netgauze', id: /communities\/good_zero/, ours: 'treat-as-withdraw', why: 'of zero octets it is malformed (RFC 7606 7.8)' },
  { source: 'netgauze', id: /segment_identifier_bad/, ours: 'accepted', why: CARRIED },
  { source: 'odl', id: /^rib-impl\//, ours: 'treat-as-withdraw', why: 'BGP-LS attribute with the Transitive bit, of before it had an RFC (RFC 9552 5.3, RFC 7606 3.c)' },
  { source: 'odl', id: 'extensions/inet/up1.bin', ours: 'session-reset', why: 'MP_REACH_NLRI that says to be well-known (RFC 7606 3.c, 5.3)' },
  { source: 'scapy', id: 'bgp.uts/3', ours: 'header error 2', why: 'an OPEN of 19 octets (RFC 4271 6.1)' },
  { source: 'scapy', id: 'bgp.uts/39', ours: 'session-reset', why: PATH_IDS },
  { source: 'scapy', id: 'bgp.uts/44', ours: 'ROUTE-REFRESH refused', why: 'it has outbound route filters, which this session has not agreed upon (RFC 5291 5)' },
  { source: 'yabgp', id: /addpath/, ours: 'session-reset', why: PATH_IDS },
];
