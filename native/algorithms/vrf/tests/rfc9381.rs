//! The examples of RFC 9381 for both suites: appendix B.3 (16 to 18) and B.4 (19 to 21).
#![allow(clippy::unwrap_used, missing_docs)]

use globelet_vrf::{verify, Proof, PublicKey, SecretKey, Suite};

/// Seed, public key, alpha, proof, output.
const TAI: [[&str; 5]; 3] = [
    [
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "8657106690b5526245a92b003bb079ccd1a92130477671f6fc01ad16f26f723f26f8a57ccaed74ee1b190bed1f479d9727d2d0f9b005a6e456a35d4fb0daab1268a1b0db10836d9826a528ca76567805",
        "90cf1df3b703cce59e2a35b925d411164068269d7b2d29f3301c03dd757876ff66b71dda49d2de59d03450451af026798e8f81cd2e333de5cdf4f3e140fdd8ae",
    ],
    [
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "f3141cd382dc42909d19ec5110469e4feae18300e94f304590abdced48aed5933bf0864a62558b3ed7f2fea45c92a465301b3bbf5e3e54ddf2d935be3b67926da3ef39226bbc355bdc9850112c8f4b02",
        "eb4440665d3891d668e7e0fcaf587f1b4bd7fbfe99d0eb2211ccec90496310eb5e33821bc613efb94db5e5b54c70a848a0bef4553a41befc57663b56373a5031",
    ],
    [
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "9bc0f79119cc5604bf02d23b4caede71393cedfbb191434dd016d30177ccbf8096bb474e53895c362d8628ee9f9ea3c0e52c7a5c691b6c18c9979866568add7a2d41b00b05081ed0f58ee5e31b3a970e",
        "645427e5d00c62a23fb703732fa5d892940935942101e456ecca7bb217c61c452118fec1219202a0edcf038bb6373241578be7217ba85a2687f7a0310b2df19f",
    ],
];

/// The same for ELL2.
const ELL2: [[&str; 5]; 3] = [
    [
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "7d9c633ffeee27349264cf5c667579fc583b4bda63ab71d001f89c10003ab46f14adf9a3cd8b8412d9038531e865c341cafa73589b023d14311c331a9ad15ff2fb37831e00f0acaa6d73bc9997b06501",
        "9d574bf9b8302ec0fc1e21c3ec5368269527b87b462ce36dab2d14ccf80c53cccf6758f058c5b1c856b116388152bbe509ee3b9ecfe63d93c3b4346c1fbc6c54",
    ],
    [
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "47b327393ff2dd81336f8a2ef10339112401253b3c714eeda879f12c509072ef055b48372bb82efbdce8e10c8cb9a2f9d60e93908f93df1623ad78a86a028d6bc064dbfc75a6a57379ef855dc6733801",
        "38561d6b77b71d30eb97a062168ae12b667ce5c28caccdf76bc88e093e4635987cd96814ce55b4689b3dd2947f80e59aac7b7675f8083865b46c89b2ce9cc735",
    ],
    [
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "926e895d308f5e328e7aa159c06eddbe56d06846abf5d98c2512235eaa57fdce35b46edfc655bc828d44ad09d1150f31374e7ef73027e14760d42e77341fe05467bb286cc2c9d7fde29120a0b2320d04",
        "121b7f9b9aaaa29099fc04a94ba52784d44eac976dd1a3cca458733be5cd090a7b5fbd148444f17f8daf1fb55cb04b1ae85a626e30a54b4b0f8abf4a43314a58",
    ],
];

fn bytes<const N: usize>(text: &str) -> [u8; N] {
    hex::decode(text).unwrap().try_into().unwrap()
}

#[test]
fn the_examples_of_the_rfc_hold() {
    for (suite, examples) in [(Suite::Tai, TAI), (Suite::Ell2, ELL2)] {
        for [seed, public, alpha, proof, output] in examples {
            let key = SecretKey::from_seed(&bytes(seed));
            let alpha = hex::decode(alpha).unwrap();
            assert_eq!(hex::encode(key.public()), public);
            assert_eq!(hex::encode(key.prove_in(suite, &alpha)), proof);
            let public = PublicKey::from_bytes(&key.public()).unwrap();
            let proof = hex::decode(proof).unwrap();
            assert_eq!(hex::encode(public.verify(suite, &alpha, &proof).unwrap()), output);
            assert_eq!(hex::encode(Proof::from_bytes(&proof).unwrap().output(suite)), output);
        }
    }
}

/// What the ledger calls is the suite TAI.
#[test]
fn the_short_names_are_the_suite_tai() {
    let [seed, public, alpha, proof, output] = TAI[2];
    let alpha = hex::decode(alpha).unwrap();
    assert_eq!(SecretKey::from_seed(&bytes(seed)).prove(&alpha), bytes(proof));
    assert_eq!(verify(&bytes(public), &alpha, &bytes(proof)), Ok(bytes(output)));
}

/// A proof of one suite is none of the other, though both have one format.
#[test]
fn suites_are_apart() {
    for ([seed, public, alpha, tai, _], [_, _, _, ell2, _]) in TAI.into_iter().zip(ELL2) {
        let (key, alpha) = (PublicKey::from_bytes(&bytes::<32>(public)).unwrap(), hex::decode(alpha).unwrap());
        assert!(key.verify(Suite::Ell2, &alpha, &bytes::<80>(tai)).is_err());
        assert!(key.verify(Suite::Tai, &alpha, &bytes::<80>(ell2)).is_err());
        let secret = SecretKey::from_slice(&bytes::<32>(seed)).unwrap();
        assert_ne!(secret.prove_in(Suite::Tai, &alpha)[..32], secret.prove_in(Suite::Ell2, &alpha)[..32]);
    }
    for suite in Suite::ALL {
        assert_eq!(Suite::from_name(suite.name()), Some(suite));
    }
    assert_eq!(Suite::from_name("TAI"), None);
}
