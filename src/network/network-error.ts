/** Why a request to another server came to nothing. */
export type NetworkFault =
  | 'off'
  | 'address'
  | 'private'
  | 'name'
  | 'busy'
  | 'connection'
  | 'certificate'
  | 'client-certificate'
  | 'timeout'
  | 'redirect'
  | 'too-large'
  | 'response'
  | 'closed'

/** What is told of each; neither an address nor a byte of what was sent or came back. */
const texts: Record<NetworkFault, string> = {
  off: 'this server does not use the network (NETWORK=off)',
  address:
    'the address is none that is asked: https with the name of a host, without user or password, on port 443 or one that NETWORK_HOSTS names, is wanted',
  private: 'the name of the host leads to an address that is not public',
  name: 'the name of the host is not known',
  busy: 'too many requests to other servers are waiting',
  connection: 'the other server cannot be reached, or ended the connection',
  certificate:
    'the certificate of the other server is not good: it is for another name, of an authority that is not known here, or not valid now',
  'client-certificate': 'the other server does not accept the certificate of this one',
  timeout: 'the other server took too long',
  redirect: 'the other server sent to another address, which is not followed',
  'too-large': 'the answer of the other server is larger than is read',
  response: 'the answer of the other server is not well-formed HTTP',
  closed: 'this server is being stopped',
}

/**
 * A request to another server that came to nothing. The message says why in words of a person; it never names the address, which may
 * be a secret, and has no cause that would.
 */
export class NetworkError extends Error {
  readonly fault: NetworkFault
  constructor(fault: NetworkFault) {
    super(texts[fault])
    this.name = 'NetworkError'
    this.fault = fault
  }
}
