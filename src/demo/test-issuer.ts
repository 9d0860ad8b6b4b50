import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isJsonObject, parseJson } from '../base/json.ts'
import { type DemoIssuer, demoIssuer, demoTrustFolder } from './demo-issuer.ts'

/** A folder of keys is none that this program made: it is not used, and says why. */
export class ForeignKeys extends Error {
  /** Marks it as a message to a person, and no fault of the program. */
  readonly code = 'FOREIGN_KEYS'
}

/**
 * The issuer of test credentials, with keys that this program made and keeps in a folder (as the demonstration's in DATA_DIR), made when
 * there are none. Keys of anybody else are refused: a test credential under a key of production would be a genuine one.
 * @throws ForeignKeys
 */
export function testIssuer(folder: string, now: Date): DemoIssuer {
  const keys = join(folder, 'demo/keys')
  const isNew = !existsSync(keys) || readdirSync(keys).length === 0
  if (!isNew) refuseForeign(folder)
  const issuer = demoIssuer(folder, now)
  refuseForeign(folder)
  return issuer
}

/** The subject of every certificate that the demonstration's authority has given. */
const OWN = /^C=XA\nO=vidimus demonstration\nCN=Demonstration /

/** Every private key that is there must have its certificate, which our own authority gave. A key that is not there is made anew. */
function refuseForeign(folder: string): void {
  const keys = join(folder, 'demo/keys')
  const trust = demoTrustFolder(folder)
  const refuse = (why: string): never => {
    throw new ForeignKeys(`${folder} holds keys that this program did not make (${why}): give an empty folder`)
  }
  const authority = certificateOf(join(trust, 'sca.pem'))
  const signers = { sca: join(trust, 'sca.pem'), dsc: join(trust, 'dsc.pem'), seal: join(keys, 'seal.pem') }
  for (const [name, file] of Object.entries(signers)) {
    const privateKey = join(keys, `${name}-key.pem`)
    if (!existsSync(privateKey)) continue
    const certificate = certificateOf(file)
    if (!authority || !certificate) refuse(`${privateKey} has no certificate`)
    else if (!OWN.test(certificate.subject) || !certificate.verify(authority.publicKey))
      refuse(`${file} is of somebody else`)
    else if (!publicKeyOf(privateKey)?.equals(certificate.publicKey)) refuse(`${privateKey} is not the key of ${file}`)
  }
  const divocKey = join(keys, 'divoc-key.pem')
  if (!existsSync(divocKey)) return
  const own = publicKeyOf(divocKey)?.export({ format: 'jwk' }).x
  if (own === undefined || own !== listedKey(join(trust, 'divoc.jwks.json'))) refuse(`${divocKey} is of somebody else`)
}

/** The public key that the list of DIVOC keys has. */
function listedKey(file: string): unknown {
  const set = existsSync(file) ? parseJson(readFileSync(file)) : undefined
  const [listed] = isJsonObject(set) && Array.isArray(set.keys) ? set.keys : []
  return isJsonObject(listed) ? listed.x : undefined
}

function certificateOf(file: string): X509Certificate | undefined {
  try {
    return new X509Certificate(readFileSync(file))
  } catch {
    return undefined // the caller names the file
  }
}

function publicKeyOf(file: string): KeyObject | undefined {
  try {
    return createPublicKey(readFileSync(file))
  } catch {
    return undefined // the caller names the file
  }
}
