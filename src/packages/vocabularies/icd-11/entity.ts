/** An entity of a linearization, whatever file it was read from. */

/** A text in a language. */
export interface LanguageText {
  language: string
  value: string
}

/** One axis of post-coordination of a stem. */
export interface Axis {
  /** e.g. `hasSeverity`. */
  name: string
  isRequired: boolean
  /** More than one value of it may stand in a cluster. */
  allowsSeveral: boolean
  /** Numbers of the entities below which its values are. */
  values: string[]
}

/** One entity. Empty texts are those that the release does not give. */
export interface Entity {
  /** Where it was read: file and line. */
  file: string
  line: number
  /** Number in the linearization, e.g. `257068234/other`. */
  number: string
  foundation: string
  code: string
  blockId: string
  chapter: string
  kind: string
  titles: LanguageText[]
  /** Number of the entity above; absent at the top. */
  parent?: string
  definition: string
  codingNote: string
  codeRange: string
  browserUrl: string
  depth?: number
  isResidual: boolean
  /** Absent where the release does not say it. */
  isLeaf?: boolean
  isPrimary?: boolean
  groupings: string[]
  inclusions: string[]
  exclusions: string[]
  indexTerms: LanguageText[]
  axes: Axis[]
}

/** The entities of one linearization. */
export interface Linearization {
  /** e.g. `mms`. */
  name: string
  /** What its files say of their release. */
  release?: string
  entities: Map<string, Entity>
  findings: string[]
}

/** The code under which an entity is a concept: its code, else its block, else its chapter, else its number. */
export const codeOf = ({ code, blockId, kind, chapter, number }: Entity): string =>
  code || blockId || (kind === 'chapter' && chapter) || number
