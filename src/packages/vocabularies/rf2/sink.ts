/** What takes the rows of a release (src/terminology/vocabularies/snomed/release-rows.ts); each call answers what is wrong with the row. */

/** What every row has. */
export interface Common {
  id: string
  effectiveTime: number
  isActive: boolean
  module: string
}

/** Takes rows. */
export interface ReleaseSink {
  concept(row: Common & { isDefined: boolean }): string | undefined
  description(
    row: Common & { concept: string; language: string; type: string; term: string; caseSignificance: string },
  ): string | undefined
  relationship(
    row: Common & { source: string; type: string; target?: string; value?: string; group: number },
  ): string | undefined
  dialect(row: Common & { refset: string; description: string; acceptability: string }): string | undefined
  member(
    row: Common & { refset: string; component: string; values: readonly string[] },
    fields: readonly string[],
  ): string | undefined
  identifier(row: {
    scheme: string
    identifier: string
    effectiveTime: number
    isActive: boolean
    component: string
  }): string | undefined
  /** No more rows of a kind come. */
  end(kind: 'relationships' | 'dialects'): void
}
