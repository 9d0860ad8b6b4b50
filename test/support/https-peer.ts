/** Another server of the tests: https on this machine, under a name and an authority of its own. */
import { generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { createServer, type Server, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { writeCertificate } from '../../src/demo/certificate-writer.ts'
import type { NetworkHost } from '../../src/network/network-hosts.ts'

const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })
const serialNumber = () => Buffer.concat([Buffer.from([1]), randomBytes(15)])
const day = 86_400_000

/** An authority with the certificate of a host that it signed, as PEM. */
export function hostCertificate(name: string): { key: string; cert: string; ca: string } {
  const [authority, host] = [pair(), pair()]
  const issuer = { name: { commonName: 'Authority of the tests' }, ...authority }
  const period = { notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + day) }
  const pem = (der: Buffer) => new X509Certificate(der).toString()
  const ca = { subject: issuer.name, publicKey: authority.publicKey, isAuthority: true }
  const own = { subject: { commonName: 'a host of the tests' }, publicKey: host.publicKey, hostNames: [name] }
  return {
    key: host.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: pem(writeCertificate({ ...own, ...period, serialNumber: serialNumber() }, issuer)),
    ca: pem(writeCertificate({ ...ca, ...period, serialNumber: serialNumber() }, issuer)),
  }
}

/** A server that runs. */
export interface HttpsPeer {
  /** `https://<name>:<port>` */
  origin: string
  /** Its entry in NETWORK_HOSTS. */
  listed: NetworkHost & { address: string; ca: string }
  /** DER of its certificate. */
  certificate: Buffer
  server: Server
  close(): Promise<void>
}

/** Starts a server under a name that no resolver knows. */
export async function startHttpsPeer(
  listener: RequestListener,
  name = 'peer.example',
  options: ServerOptions = {},
): Promise<HttpsPeer> {
  const { key, cert, ca } = hostCertificate(name)
  const server = createServer({ key, cert, ...options }, listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    origin: `https://${name}:${port}`,
    listed: { host: name, port, address: '127.0.0.1', ca },
    certificate: new X509Certificate(cert).raw,
    server,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
