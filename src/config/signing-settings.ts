/** Settings of the keys that this server signs with, and of what it vouches for with them. */
import type { KeySource } from '../provenance/key-files.ts'
import type { SigningSettings } from '../provenance/keys.ts'
import { members } from './accepts.ts'
import type { Setting } from './setting.ts'

/** What is wrong with the name of a trust domain (a gateway takes 32 characters). */
function domainProblem(name: string): string | undefined {
  return /^[A-Z][A-Z0-9-]{0,31}$/.test(name) ? undefined : 'at most 32 capital letters, digits and hyphens are wanted'
}

/** The settings, in the order of the README's table. */
export const signingSettings = [
  {
    variable: 'SIGNING_KEY',
    kind: 'text',
    fallbackText: 'made in DATA_DIR; none when NODE_ENV=production',
    description:
      'File of the private key that signs what is published here: PEM, or PKCS#12 with its certificate; its owner alone may read it. Or the PEM text itself. P-256 (or P-384, RSA). Without a key a production server signs nothing.',
  },
  {
    variable: 'SIGNING_CERTIFICATE',
    kind: 'text',
    description:
      'File of its certificate (PEM), and of those who issued it in their order; an upload certificate (UP) in the network.',
  },
  {
    variable: 'SIGNING_PASSWORD_FILE',
    kind: 'text',
    description: 'File with the password of the PKCS#12 file or of the encrypted key.',
  },
  {
    variable: 'SIGNING_KEY_NEXT',
    kind: 'text',
    description: 'The key that will follow, shown ahead of its turn in `/.well-known/jwks.json` and `did.json`.',
  },
  { variable: 'SIGNING_CERTIFICATE_NEXT', kind: 'text', description: 'Its certificate.' },
  { variable: 'SIGNING_PASSWORD_FILE_NEXT', kind: 'text', description: 'File with its password.' },
  {
    variable: 'SIGNING_CERTIFICATE_RETIRED',
    kind: 'list',
    description:
      'Files of the certificates or public keys (PEM) of keys that have signed before, comma-separated: they are shown for as long as a signature by them lives.',
  },
  {
    variable: 'REFERENCE_DOMAINS',
    kind: 'list',
    fallback: 'DDCC',
    memberProblem: domainProblem,
    description: 'Trust domains for which what is published here is listed in signed manifests, comma-separated.',
  },
] as const satisfies readonly Setting[]

/** What the settings say of keys. */
export interface SigningConfig extends SigningSettings {
  /** For which manifests are made. */
  referenceDomains: readonly string[]
}

/**
 * Reads the settings; files are read when the server starts.
 * @param texts the texts of the settings that are set
 * @throws Error whose message has every problem, one a line
 */
export function parseSigning(texts: ReadonlyMap<string, string>): SigningConfig {
  const problems: string[] = []
  const sourceOf = (suffix: '' | '_NEXT'): KeySource | undefined => {
    const [key, certificate, passwordFile] = ['KEY', 'CERTIFICATE', 'PASSWORD_FILE'].map((name) =>
      texts.get(`SIGNING_${name}${suffix}`),
    )
    if (key !== undefined)
      return { key, ...(certificate ? { certificate } : {}), ...(passwordFile ? { passwordFile } : {}) }
    for (const [name, value] of [['CERTIFICATE', certificate] as const, ['PASSWORD_FILE', passwordFile] as const])
      if (value !== undefined) problems.push(`SIGNING_${name}${suffix} is set, and SIGNING_KEY${suffix} is not`)
    return undefined
  }
  const [current, next] = [sourceOf(''), sourceOf('_NEXT')]
  if (problems.length > 0) throw new Error(problems.join('\n'))
  return {
    ...(current ? { current } : {}),
    ...(next ? { next } : {}),
    retired: members(texts.get('SIGNING_CERTIFICATE_RETIRED')),
    referenceDomains: [...new Set(members(texts.get('REFERENCE_DOMAINS')))],
  }
}
