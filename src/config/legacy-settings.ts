/** Settings of the endpoints for wallets and verifiers of the EU Digital COVID Certificate. */
export const legacySettings = [
  {
    variable: 'LEGACY_DCC',
    kind: 'choice',
    choices: ['off', 'on'],
    fallback: 'off',
    description:
      '`on` serves value sets, CertLogic rules and the list of countries in the form of the EU Digital COVID Certificate: `/valuesets`, `/rules`, `/countrylist`, `/publickey`.',
  },
] as const
