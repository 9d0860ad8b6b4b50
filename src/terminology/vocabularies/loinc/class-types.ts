/** What the numbers of CLASSTYPE mean (https://loinc.org/kb/users-guide/loinc-database-structure/). */
export const CLASS_TYPES: Readonly<Record<string, string>> = {
  1: 'Laboratory class',
  2: 'Clinical class',
  3: 'Claims attachments',
  4: 'Surveys',
}
