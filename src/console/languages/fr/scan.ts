import type { Texts } from '../texts.ts'

/** Texts of the scanner: camera, pictures, and why there is nothing to see. */
export const scan: Texts['scan'] = {
  title: 'Scanner un code',
  openCamera: 'Ouvrir la caméra',
  preview: 'Image de la caméra',
  closeCamera: 'Fermer la caméra',
  opening: 'Ouverture de la caméra…',
  cameraOpen: 'Caméra ouverte',
  cameraClosed: 'Caméra fermée',
  codeFound: 'Code trouvé',
  paused: 'En pause tant qu’un verdict est affiché',
  next: 'Lire le code suivant',
  sights: {
    starting: 'Démarrage du lecteur…',
    nothing: 'Placez le code dans le cadre',
    unread: 'Rapprochez-le : le code est visible mais illisible',
    read: 'Code lu',
  },
  turnLightOn: 'Allumer la lampe',
  turnLightOff: 'Éteindre la lampe',
  lightOn: 'Lampe allumée',
  lightOff: 'Lampe éteinte',
  lightFails: 'La lampe ne peut pas être changée',
  camera: 'Caméra',
  cameraNumber: 'Caméra {n}',
  zoom: 'Zoom',
  rests: {
    insecure: {
      head: 'La caméra exige https',
      hint: 'Hors de localhost, un navigateur ne donne la caméra à une page que par https. Vous pouvez choisir une image ou un PDF, coller le texte du code ou utiliser un lecteur de codes.',
    },
    unsupported: {
      head: 'Ce navigateur ne donne pas de caméra',
      hint: 'Vous pouvez choisir une image ou un PDF, coller le texte du code ou utiliser un lecteur de codes.',
    },
    refused: {
      head: 'La caméra n’est pas autorisée',
      hint: 'Autorisez-la dans les réglages du navigateur pour cette page et dans ceux du système, puis rouvrez-la.',
    },
    absent: {
      head: 'Aucune caméra n’a été trouvée',
      hint: 'Branchez-en une, ou choisissez une image ou un PDF, collez le texte du code ou utilisez un lecteur de codes.',
    },
    taken: {
      head: 'La caméra ne donne pas d’image',
      hint: 'Un autre programme l’utilise peut-être. Fermez-le, puis rouvrez la caméra.',
    },
    ended: {
      head: 'La caméra a été déconnectée',
      hint: 'Branchez-la ou autorisez-la de nouveau, puis ouvrez-la.',
    },
    hidden: {
      head: 'La caméra a été fermée',
      hint: 'Elle se ferme dès que cette page n’est plus visible.',
    },
    broken: {
      head: 'Le lecteur s’est arrêté',
      hint: 'Son programme n’a pas pu être chargé ou s’est interrompu. Vérifiez le réseau, puis rouvrez la caméra.',
    },
  },
  choose: 'Choisir une image ou un PDF',
  dropHint:
    'Ou déposez-le n’importe où sur cette page, ou collez-le. Les images sont lues dans ce navigateur ; un PDF, ou une image illisible ici, est lu par le serveur, qui n’en garde rien.',
  dropHere: 'Déposez l’image ou le PDF',
  reading: 'Lecture de l’image…',
  troubles: {
    none: {
      head: 'Aucun code n’a été trouvé sur cette image',
      hint: 'Prenez-la de plus près, sous une lumière régulière et sans plis, ou donnez-la en PNG ou JPEG.',
    },
    unread: {
      head: 'Tous les codes de cette image ne sont pas lisibles',
      hint: 'Rien n’en est donc utilisé. Prenez-la de plus près, sous une lumière régulière et sans plis.',
    },
    unknown: {
      head: 'Ce fichier n’est ni une image ni un PDF',
      hint: 'PNG, JPEG, WebP et PDF sont lus, ainsi que ce que ce navigateur sait afficher.',
    },
    broken: {
      head: 'Ce fichier est endommagé',
      hint: 'Il commence comme une image et ne peut pas être décodé. Enregistrez-le ou envoyez-le de nouveau.',
    },
    huge: {
      head: 'Cette image est trop grande',
      hint: '100 mégapixels et 60 Mo au plus sont lus.',
    },
    large: {
      head: 'Ce fichier est trop grand pour le serveur',
      hint: 'Un PDF, ou une image illisible ici, peut avoir 10 Mo au plus.',
    },
    slow: {
      head: 'Cette image est trop longue à lire',
      hint: 'Découpez le code et donnez cette partie seule.',
    },
    failed: {
      head: 'Le lecteur n’a pas pu démarrer',
      hint: 'Vérifiez le réseau, puis donnez de nouveau l’image.',
    },
    several: {
      head: 'Ces fichiers ne peuvent pas tous être lus ensemble',
      hint: 'Aucun n’est donc utilisé. Donnez-les un par un.',
    },
    many: {
      head: 'Il y a trop de fichiers',
      hint: '10 au plus sont lus à la fois.',
    },
  },
}
