/** A gateway of the settings, ready to be asked. */

import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { pemCertificates } from '../base/crypto/pem.ts'
import { keyUsageOf } from '../base/crypto/x509.ts'
import { signCms } from '../cms/cms.ts'
import type { NetworkHost } from '../network/network-hosts.ts'
import type { NetworkReply } from '../network/network-request.ts'
import { createPeerClient } from '../network/peer-client.ts'
import { createGatewayClient, type GatewayClient, type PeerRequest } from './client.ts'
import { GatewayError } from './gateway-error.ts'
import { certificateWarnings, type Identity, openIdentity } from './identity.ts'
import type { GatewaySettings } from './settings.ts'

/** One gateway with the keys of this server. */
export interface OpenGateway {
  settings: GatewaySettings
  client: GatewayClient
  /** The client certificate. */
  tls: X509Certificate
  /** The upload certificate; without it this server only reads here. */
  upload: X509Certificate | undefined
  /** Whose signature stands over what the gateway onboards. */
  anchors: readonly X509Certificate[]
  /** What a person should know of the certificates. */
  warnings(now: Date): string[]
  /** Breaks off what is under way. */
  close(): void
}

/** What a gateway is opened with. */
export interface OpenGatewayOptions {
  /** The setting NETWORK. */
  isOn: boolean
  hosts: readonly NetworkHost[]
  now(): Date
  /** Answers in the gateway's place what is not to be sent; undefined lets the request go. */
  instead?(asked: PeerRequest): NetworkReply | undefined
}

/**
 * Opens the keys of a gateway; asks nothing yet.
 * @throws Error whose message has one problem a line
 */
export async function openGateway(settings: GatewaySettings, options: OpenGatewayOptions): Promise<OpenGateway> {
  const { id, country, url, ca } = settings
  const tls = await openIdentity(settings.tls, country)
  const upload = settings.upload && (await openIdentity(settings.upload, country))
  const peer = createPeerClient({
    url,
    certificate: tls.pem,
    privateKey: pemOf(tls),
    ...(ca === undefined ? {} : { ca: readFileSync(ca, 'utf8') }),
    isOn: options.isOn,
    hosts: options.hosts,
  })
  return {
    settings,
    client: createGatewayClient({
      id,
      country,
      request: async (asked) => options.instead?.(asked) ?? (await peer.request(asked)),
      sign: upload && ((content) => signUpload(content, upload, options.now())),
    }),
    tls: tls.certificate,
    upload: upload?.certificate,
    anchors: settings.anchors.flatMap(readAnchors),
    warnings: (now) => [
      ...certificateWarnings('client certificate (TLS)', tls.certificate, now),
      ...(upload ? certificateWarnings('upload certificate', upload.certificate, now) : []),
      ...usageWarnings(tls.certificate, upload?.certificate),
      ...(upload?.certificate.raw.equals(tls.certificate.raw)
        ? ['one certificate serves TLS and uploads: a gateway wants two']
        : []),
    ],
    close: () => peer.close(),
  }
}

/** Extended key usage of a client in TLS (RFC 5280, 4.2.1.12). */
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'

/** A gateway may take certificates that are meant for something else; whoever stands before it may not. */
function usageWarnings(tls: X509Certificate, upload: X509Certificate | undefined): string[] {
  const warnings: string[] = []
  if (tls.keyUsage?.includes(CLIENT_AUTH) === false)
    warnings.push('the client certificate (TLS) is not for clients: its extended key usage lacks clientAuth')
  if (upload && keyUsageOf(upload.raw)?.has('digitalSignature') === false)
    warnings.push('the upload certificate is not for signatures: its key usage lacks digitalSignature')
  return warnings
}

/** Base64 on one line of what is sent. The gateway refuses a time outside of the certificate's period, so it is not sent. */
async function signUpload(content: Uint8Array, { certificate, privateKey }: Identity, at: Date): Promise<string> {
  if (at < certificate.validFromDate || at > certificate.validToDate) {
    const text = `the upload certificate is valid from ${certificate.validFromDate.toISOString()} to ${certificate.validToDate.toISOString()}, and not now: nothing can be sent`
    throw new GatewayError({ state: 'not-onboarded', text })
  }
  return (await signCms(content, { certificate, privateKey, at })).toString('base64')
}

const pemOf = ({ privateKey }: Identity) => privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

/** The certificates of a file of trust anchors, PEM or DER. Throws the error of the file system, or of a certificate that cannot be read. */
export function readAnchors(file: string): X509Certificate[] {
  const bytes = readFileSync(file)
  const found = pemCertificates(bytes.toString('latin1'))
  return (found.length > 0 ? found : [bytes]).map((each) => new X509Certificate(each))
}
