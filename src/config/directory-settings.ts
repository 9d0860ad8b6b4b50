/** What the settings of the key directory say. */
export interface DirectoryConfig {
  /** Whether the keys that this server trusts are served as a directory. */
  keyDirectory: boolean
  keyDirectoryEnvironment: (typeof environments)[number]
}

const environments = ['prod', 'uat', 'dev'] as const

/** Settings of the key directory that a server keeps for other verifiers. */
export const directorySettings = [
  {
    variable: 'KEY_DIRECTORY',
    kind: 'choice',
    choices: ['off', 'on'],
    fallback: 'off',
    description:
      '`on` serves the keys that this server trusts as signed trust lists of the network (did:web version 2), for other verifiers: `/v2/trustlist/did.json` and every level below it. Needs a signing key on P-256.',
  },
  {
    variable: 'KEY_DIRECTORY_ENVIRONMENT',
    kind: 'choice',
    choices: environments,
    fallback: 'prod',
    description:
      'Environment of the network by whose code systems the key directory names domains, participants and usages.',
  },
] as const

/** Reads the settings, whose texts were checked. */
export function readDirectorySettings(texts: ReadonlyMap<string, string>): DirectoryConfig {
  const environment = environments.find((each) => each === texts.get('KEY_DIRECTORY_ENVIRONMENT')) ?? 'prod'
  return { keyDirectory: texts.get('KEY_DIRECTORY') === 'on', keyDirectoryEnvironment: environment }
}
