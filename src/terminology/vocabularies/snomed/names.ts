/** Identifiers that SNOMED CT gives to its own parts (core metadata concepts and the root). */
export const SCT = {
  root: '138875005',
  isA: '116680003',
  fullySpecifiedName: '900000000000003001',
  synonym: '900000000000013009',
  definition: '900000000000550004',
  preferred: '900000000000548007',
  acceptable: '900000000000549004',
  defined: '900000000000073002',
  primitive: '900000000000074008',
  inferred: '900000000000011006',
  stated: '900000000000010007',
  additional: '900000000000227009',
  americanEnglish: '900000000000509007',
  britishEnglish: '900000000000508004',
  moduleDependency: '900000000000534007',
} as const

/** Kind of the index files that hold a release. */
export const SNOMED_KIND = 'snomed'

/** What stands between scheme and identifier of a key: no column of RF2 has it. */
export const BETWEEN = '\t'
