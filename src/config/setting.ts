/** How the text of a setting is read. */
export type Kind =
  | 'text'
  | 'list'
  | 'port'
  | 'count'
  /** A count, or `off`. */
  | 'bound'
  | 'seconds'
  | 'share'
  | 'switch'
  | 'folder'
  | 'url'
  | 'choice'
  | 'country'
  | 'store'
  | 'artefacts'
  | 'token'
  | 'workers'
  /** An edition or version of SNOMED CT, or the module of one. */
  | 'edition'

/** One setting: everything the README's table, the reader and the error messages need. */
export interface Setting {
  /** Environment variable. A `secret` one may also be given as `<name>_FILE`, a file whose text is the value. */
  variable: string
  kind: Kind
  /** Default as it would be written; undefined = not set. */
  fallback?: string
  secret?: boolean
  /** Of a choice the values, of a list the members that there may be. */
  choices?: readonly string[]
  /** What is wrong with a member of a list. */
  memberProblem?: (member: string) => string | undefined
  /** Shown in the README. */
  description: string
  /** Shown in place of a default that is computed. */
  fallbackText?: string
}
