/** A TLS connection to a server that the operator names, for protocols that are not HTTP; under the guard of every other connection. */
import { connect, type TLSSocket } from 'node:tls'
import { checkedAddresses, type Guard } from './guarded-request.ts'
import { NetworkError } from './network-error.ts'
import { faultOf } from './send.ts'
import { readTarget } from './target.ts'

/** Time to resolve, connect and shake hands. */
const connectMilliseconds = 10_000

/**
 * Opens a connection.
 * @param target name and port of a host; another port than 443 must be listed (NETWORK_HOSTS)
 * @throws NetworkError
 */
export async function openTlsStream(
  { isOn, hosts, lookup, closing }: Pick<Guard, 'isOn' | 'hosts' | 'lookup' | 'closing'>,
  { host, port }: { host: string; port: number },
): Promise<TLSSocket> {
  if (!isOn) throw new NetworkError('off')
  const target = readTarget(`https://${host}:${port}/`, hosts)
  const [address = ''] = await checkedAddresses(target, lookup)
  if (closing.aborted) throw new NetworkError('closed')
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: address,
      port,
      servername: host,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
      ...(target.listed?.ca === undefined ? {} : { ca: target.listed.ca }),
    })
    const timer = setTimeout(() => fail(new NetworkError('timeout')), connectMilliseconds)
    const end = () => {
      clearTimeout(timer)
      closing.removeEventListener('abort', close)
    }
    const fail = (error: unknown) => {
      end()
      socket.destroy()
      reject(error instanceof NetworkError ? error : new NetworkError(faultOf(error)))
    }
    const close = () => {
      socket.destroy()
      reject(new NetworkError('closed'))
    }
    closing.addEventListener('abort', close, { once: true })
    socket.once('error', fail)
    socket.once('secureConnect', () => {
      clearTimeout(timer)
      socket.off('error', fail)
      socket.once('close', end)
      resolve(socket)
    })
  })
}
