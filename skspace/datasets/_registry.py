"""The data files skspace knows: path inside the data folder, and SHA-256.

Data only. The path is the same under ``SKSPACE_DATA``, under ``SKSPACE_DATA_URL``
and in the cache of downloaded files.
"""

SHA256 = {
    "images/coil20_32x32.npz": (
        "84f56c96b5c2658d5111b0c0387b169baf7424f4b5aeb702872eb33b2a11cf7e"
    ),
    "images/mnist_t10k_28x28.npz": (
        "f2295e3f30bb72d8b5217dfafbc85a277d477359d24a344e45af46158c1212a1"
    ),
    "images/orl_32x32.npz": (
        "32a41a58369d6483a679af87a442b29ff921b097a02171ce6131800f5aac41ed"
    ),
    "images/usps_16x16.npz": (
        "613d3c504b28954e895056ef97474752db98eaa6f778ee7e2dc57a17b3c239fd"
    ),
    "images/yaleb10_32x32.npz": (
        "349091cea3bfc06f319eb07282471fb3beaeb9e9c74dffab0cfdf66c7a8e131c"
    ),
    "graphs/acm.npz": (
        "25def609c4c50627745d77778441edf6ab78f7c52db12b278bbdf604d107235e"
    ),
    "graphs/citeseer.npz": (
        "67150499e7dcef9722a117ff10e8db7cccd7205fa23cdb45ff73eb4af3a85930"
    ),
    "graphs/cora.npz": (
        "5943d2ccdfb55a5c0c6701573d8579d510c3e72acc3a46c173e44f5d46ab4742"
    ),
    "graphs/wiki.npz": (
        "3d3ac04bbc26f63b4bc67801a3faceb8c3ca23b63dd5024a0c5b71a75b37a1f5"
    ),
    "tabular/adult.csv.gz": (
        "45d6ce88dfa12c7218b1e50b4fcdf1690e41509a6f0fd30564ceafbca9d289bf"
    ),
    "tabular/compas.csv.gz": (
        "b40dc2a2b1eb403700e41b4bceafaf120f6b1ebdfcecebccae622d881d853443"
    ),
    "tabular/concrete.csv.gz": (
        "ad7f60291288fd13eb4e4ddd7bf6d19fb35df4e9e5c27d587ffaf6099b0fe267"
    ),
    "tabular/law_school.csv.gz": (
        "752c015e92072fb5869885619ebc33ae1240717dbdf9be9f1313c5003cf86c84"
    ),
    "clouds/car_lidar.npz": (
        "2b4ab7cd8fc462bd77afbaa0a367bed53128138606cf48b1c95d22a9a7c96cde"
    ),
    "clouds/corridor_synth.npz": (
        "397ea0afe83e0dfd36bea2ea1f6ba1df4938bc655a3e4bba147f69aba0e3e86b"
    ),
    "clouds/street_lidar.npz": (
        "1d51e69be6d5f06a5f321321f56e39cf63b6677af1efbe4a562de78cc926da6f"
    ),
    "mi/1v1-additive-0.75__s0.npz": (
        "a20e22b9d67333ea0c4de206fb55ecf050b9629fa5ae843d5f03729859df1ad7"
    ),
    "mi/1v1-additive-0.75__s1.npz": (
        "38eca2e107c5d75cbf6440ed4c64b77bd60d2fe56e323f1e05df0dfa93ffa187"
    ),
    "mi/1v1-additive-0.75__s2.npz": (
        "3ba5c594873671b22e7b2af3ee9b13a72ab1031af37732671c56557f3350eb03"
    ),
    "mi/1v1-normal-0.75__s0.npz": (
        "b6c7e256b01ba08cde26cadcd0440a030825edd884ee63332143714c093f73b5"
    ),
    "mi/1v1-normal-0.75__s1.npz": (
        "4f97af251f6f2e23ed1201636ead76297a8767e93e7d19018e22080071645ca5"
    ),
    "mi/1v1-normal-0.75__s2.npz": (
        "cf9f51195ae74118732244e3706c92e6de7a48f451e00aaf1d10bea1cbe2fead"
    ),
    "mi/half_cube-multinormal-sparse-5-5-2-2.0__s0.npz": (
        "808b9175b7480045a50d66608db565b87768e06b51c5e91adf6f499ecf7203bc"
    ),
    "mi/half_cube-multinormal-sparse-5-5-2-2.0__s1.npz": (
        "ea7e0fbaa659b73318bfc86b6f854f59d52d6316d606fa98d31b39b6a6745bc5"
    ),
    "mi/half_cube-multinormal-sparse-5-5-2-2.0__s2.npz": (
        "130ad926fbd97aa5ac2208d38b62edd68207e276563cf2c33756dcc513582267"
    ),
    "mi/multinormal-dense-5-5-0.5__s0.npz": (
        "810d38aca25003752f770de25da15bead84ce75b83da30f9a02842b88fc7d473"
    ),
    "mi/multinormal-dense-5-5-0.5__s1.npz": (
        "84edde5ec0655e80cf20c5baa1063215a99f7c5f302362536e7a54cff6d8b29c"
    ),
    "mi/multinormal-dense-5-5-0.5__s2.npz": (
        "b26ffb2d21da9d74ece0ee2608e933d511d65f921b5fba48e2475abd2b98df07"
    ),
    "mi/multinormal-sparse-25-25-2-2.0__s0.npz": (
        "dcbb9aa4363f4485026af3b83c20073d2ea3f4d0bd06b5100315a4e79c9241d7"
    ),
    "mi/multinormal-sparse-25-25-2-2.0__s1.npz": (
        "b855abac0f7205f0e686696441e845565f7ae131544527cb0ad352190a86ccfd"
    ),
    "mi/multinormal-sparse-3-3-2-2.0__s0.npz": (
        "759853aa7aecb64cc0574730583097da64a6d98a884e2412f71f1cf927a9e32a"
    ),
    "mi/multinormal-sparse-3-3-2-2.0__s1.npz": (
        "ab5f6e577e8d138bf7b6bd42b98bce60b75579d13a60240a8018a96557fd96e1"
    ),
    "mi/multinormal-sparse-3-3-2-2.0__s2.npz": (
        "f00b8ee519dd69cb811c37949c3bafc23b4a8b5b9f3aafce105b277e5df99d42"
    ),
    "mi/normal_cdf-multinormal-sparse-5-5-2-2.0__s0.npz": (
        "2cce06b51c3e6846e5a958c18dc20ad7aae497edf05e9896681002a9c1f1c91c"
    ),
    "mi/normal_cdf-multinormal-sparse-5-5-2-2.0__s1.npz": (
        "2324190b6b394d91b19a4775b5ac2d182fa7aa59327f3846c43228639e1ad7c9"
    ),
    "mi/normal_cdf-multinormal-sparse-5-5-2-2.0__s2.npz": (
        "c2524ff0d76e066eeda58bd7e5db50a53a1b2f250078a0639f49da7cc986a1c4"
    ),
    "mi/own-gauss-3-3-mi4__s0.npz": (
        "09d13b5e872c0125d824048df27150004ab922dda9984edf3e623e04fe1b5da0"
    ),
    "mi/own-gauss-3-3-mi4__s1.npz": (
        "7d886a75d2bc7b78f6166aac641aaa26c2fb5e000178c53a616acd5c8ff50071"
    ),
    "mi/own-gauss-3-3-mi4__s2.npz": (
        "800340fa675d204f516432c3bea8eb3752917e398327f955ebfcc21e7b427937"
    ),
    "mi/own-independent-3-3__s0.npz": (
        "42bf9377bac04e923f6e21ecd83dc1c603937e41318525446d8e0d6eab756e11"
    ),
    "mi/own-independent-3-3__s1.npz": (
        "62b804e23c7e5e453cbbc33fbdd65227971d82eb876906fa229affec58f4a866"
    ),
    "mi/own-independent-3-3__s2.npz": (
        "41fc60600a6d9a31663a7f65e55df7347bd572195d1e7c07a59e2ca355ef265c"
    ),
    "mi/own-teacher-k4-K100-mi2__s0.npz": (
        "d93cc1ab6102f099f05507beedf4504f036a92a5dca67bdc9ef3b8380267b3f5"
    ),
    "mi/own-teacher-k4-K100-mi2__s1.npz": (
        "11b5771d0fc2d39a9b4abd10ee40693ce5e2c96a6d87ddcd47baf40abed13d16"
    ),
    "mi/spiral-multinormal-sparse-3-3-2-2.0__s0.npz": (
        "5b0071582f47b0c7916793f06cb06055e8fdefde91202d22fb923f82f0ab038c"
    ),
    "mi/spiral-multinormal-sparse-3-3-2-2.0__s1.npz": (
        "7b6a203dc5106cb916ef0d24222fdd581700b07a1bc0006122caa039f888df42"
    ),
    "mi/spiral-multinormal-sparse-3-3-2-2.0__s2.npz": (
        "92ed751f6f19e17a18694b4f91a255dd1ac8c6fac91940c2927104e6c57c931e"
    ),
    "mi/student-identity-1-1-1__s0.npz": (
        "12176683c786b10e8327291f23058472cb307f545bc5af5500a12e18dfac2b33"
    ),
    "mi/student-identity-1-1-1__s1.npz": (
        "97bccac99694fb03ca4e712c6267ff717785824836a8a050c40e993042793c1e"
    ),
    "mi/student-identity-1-1-1__s2.npz": (
        "a1fdc700b19dbf080b8518f21dead149b45161b65e300579852df92355b4744b"
    ),
    "mi/student-identity-3-3-2__s0.npz": (
        "7364555c17053203ebcd216af2b4952a58c59e6efb577fd40eee6df57f22e511"
    ),
    "mi/student-identity-3-3-2__s1.npz": (
        "b88d669d18250570f6cc28f315dc79ca34caeb2710c90c016204373484157cd4"
    ),
    "mi/student-identity-3-3-2__s2.npz": (
        "43b513b02ea3b8cbfcdf0cb051b310a71e3f796e1765fac12849c55128e66723"
    ),
    "mi/swissroll_x-normal_cdf-1v1-normal-0.75__s0.npz": (
        "82b3819d52624879d7cac1f9763d76f618a28cb0ea907888f76e21939ed88f3c"
    ),
    "mi/swissroll_x-normal_cdf-1v1-normal-0.75__s1.npz": (
        "b2476cd172661574b366c4f209120ca2adda92319108d1b18c176c7613881960"
    ),
    "mi/swissroll_x-normal_cdf-1v1-normal-0.75__s2.npz": (
        "6ed3d51a47411b00b5fe8d3f4df03071bfbd1e3419bffa109586c240f17c6ad0"
    ),
    "mi/wiggly-1v1-normal-0.75__s0.npz": (
        "eb12b0a5e5faa3859b72741adf44770da694908b9fd77db2d53c151ae7ba335a"
    ),
    "mi/wiggly-1v1-normal-0.75__s1.npz": (
        "4e445b46705d3a4694538fb5a8cf687d1b077c4d4d8bcd286f7327b658df0940"
    ),
    "mi/wiggly-1v1-normal-0.75__s2.npz": (
        "17517435ed380cdb5db63585ea3fac371b72b8fd4c9e0d0b76c570feac51c5f6"
    ),
    "regression/filip.npz": (
        "a9c536c55ed5a62a1b7e04396b5e1c35c24cec4817aff556f5b211caab7265da"
    ),
    "regression/hilbert_poly9.npz": (
        "7c6129d79e64f1bcf57616bb8e285a9c031c1e5288c020ff9b02e9ca4d3269b6"
    ),
    "regression/longley.npz": (
        "749447d9110048921ac57ee13f099ffbbe34b17fc8ff0cbc04589013c41580bf"
    ),
    "regression/two_block.npz": (
        "64c598fb60a09c4e3f4f637121235e8678a23f5cabbae25586518dd8081982df"
    ),
    "regression/wampler1.npz": (
        "568d29e8d3a73e9ea8c28446f42168ab7881619c0300872411e9d0cf98206381"
    ),
    "regression/wampler4.npz": (
        "abd0ee46ab381cdcd88abf76b47dfda55b7f943ebf8e8ef43d62d91e7f52efd6"
    ),
}
"""File path -> SHA-256 of its bytes, in hexadecimal digits."""
