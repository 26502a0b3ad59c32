// SPDX-License-Identifier: Apache-2.0
#include "observe/sha256.hpp"

#include <algorithm>
#include <map>
#include <random>

#include "observe/ids.hpp"
#include "observe/key_name.hpp"
#include "support/catch.hpp"

using namespace siltgate::observe;

TEST_CASE("SHA-256 gives the published values however the bytes are cut", "[observe]") {
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  const std::string abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  CHECK(sha256_hex("abc") == abc);
  for (std::size_t cut = 0; cut <= 3; ++cut) {
    Sha256 hash;
    hash.add(std::string_view("abc").substr(0, cut));
    const Sha256 copy(hash);
    hash.add(std::string_view("abc").substr(cut));
    CHECK(hash.hex() == abc);
    CHECK(hash.hex() == abc);
    CHECK(copy.hex() == sha256_hex(std::string_view("abc").substr(0, cut)));
  }
}

TEST_CASE("the pair's hashes are right at every lag between received and delivered", "[observe]") {
  const std::string bytes = "data: {\"a\":1}\n\ndata: {\"b\":2}\n\n";
  for (std::size_t in = 0; in <= bytes.size(); ++in)
    for (std::size_t out = 0; out <= in; ++out) {
      HashPair pair;
      pair.add_in(std::string_view(bytes).substr(0, in));
      pair.add_out(std::string_view(bytes).substr(0, out));
      CHECK(pair.equal() == (in == out));
      CHECK(pair.in_hex() == sha256_hex(bytes.substr(0, in)));
      CHECK(pair.out_hex() == sha256_hex(bytes.substr(0, out)));
      pair.add_in(std::string_view(bytes).substr(in));
      pair.add_out(std::string_view(bytes).substr(out));
      CHECK(pair.equal());
      CHECK(pair.in_hex() == sha256_hex(bytes));
      CHECK(pair.out_hex() == pair.in_hex());
    }
}

TEST_CASE("the pair's hashes part where a byte differs and stay right after it", "[observe]") {
  for (std::size_t at = 0; at < 10; ++at) {
    const std::string in = "0123456789";
    std::string out = in;
    out[at] = 'x';
    HashPair pair;
    for (std::size_t i = 0; i < in.size(); ++i) {
      pair.add_in(std::string_view(in).substr(i, 1));
      pair.add_out(std::string_view(out).substr(i, 1));
    }
    CHECK_FALSE(pair.equal());
    CHECK(pair.in_hex() == sha256_hex(in));
    CHECK(pair.out_hex() == sha256_hex(out));
    CHECK(pair.in_bytes() == 10);
    CHECK(pair.out_bytes() == 10);
  }
}

TEST_CASE("relaying a read at once is the same as adding its parts", "[observe]") {
  const std::string one = "data: 1\n\nda", two = "ta: 2\n\n";
  HashPair pair;
  pair.relay(one, {}, std::string_view(one).substr(0, 9));
  CHECK_FALSE(pair.equal());
  const std::string held = "da";
  pair.relay(two, held, two);
  CHECK(pair.equal());
  CHECK(pair.out_hex() == sha256_hex(one + two));
}

TEST_CASE("relayed reads that end anywhere give the hashes of what came and what left", "[observe]") {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    HashPair pair;
    std::string in, out, held;
    for (int reads = 1 + static_cast<int>(random() % 8); reads > 0; --reads) {
      std::string read;
      for (std::size_t size = random() % 3000; size > 0; --size) read += static_cast<char>('a' + random() % 26);
      in += read;
      std::string_view rest = read;
      std::string first;
      if (random() % 3 > 0) {  // what was held is complete, with some of this read
        const std::size_t front = random() % (rest.size() + 1);
        first = held + std::string(rest.substr(0, front));
        held.clear();
        rest.remove_prefix(front);
      }
      const std::string_view second = held.empty() ? rest.substr(0, random() % (rest.size() + 1)) : std::string_view{};
      held += rest.substr(second.size());
      if (random() % 20 == 0 && !first.empty()) first[random() % first.size()] = '-';  // repaired
      pair.relay(read, first, second);
      out.append(first).append(second);
      REQUIRE(pair.in_hex() == sha256_hex(in));
      REQUIRE(pair.out_hex() == sha256_hex(out));
      REQUIRE(pair.in_bytes() == in.size());
      REQUIRE(pair.out_bytes() == out.size());
    }
    const auto [last_in, last_out] = pair.end();
    REQUIRE(last_in == sha256_hex(in));
    REQUIRE(last_out == sha256_hex(out));
  }
}

TEST_CASE("more held bytes than the pair keeps make two hashes, still right", "[observe]") {
  const std::string big(HashPair::most_waiting + 1, 'z');
  HashPair pair;
  pair.add_in(big);
  CHECK(pair.out_hex() == sha256_hex(""));
  pair.add_out(big);
  CHECK(pair.equal());
  CHECK(pair.in_hex() == sha256_hex(big));
}

TEST_CASE("ids are sg_ and ten base32 characters of the randomness given", "[observe]") {
  CHECK(make_id(0) == "sg_aaaaaaaaaa");
  CHECK(make_id(~std::uint64_t{0}) == "sg_7777777777");
  CHECK(make_id(31) == "sg_7aaaaaaaaa");
  CHECK(valid_id(make_id(0x123456789abcdef)));
  for (auto bad : {"", "sg_", "sg_aaaaaaaaa", "sg_aaaaaaaaaaa", "sg_aaaaaaaaa1", "xx_aaaaaaaaaa", "sg_AAAAAAAAAA"}) CHECK_FALSE(valid_id(bad));
}

TEST_CASE("a key's name is a salted hash that shows nothing of it", "[observe]") {
  KeyNames names;
  CHECK(names.name("salt", "") == "");
  const std::string name = names.name("salt", "sk-123");
  CHECK(names.name("salt", "sk-123") == name);
  CHECK(names.name("pepper", "sk-123") != name);
  CHECK(names.name("salt", "sk-123") == name);
  CHECK(name.size() == 5);
  CHECK(name.front() == '#');
  CHECK(names.name("salt", "sk-123", 8).substr(0, 5) == name);
  CHECK(names.name("salt", "sk-123", 8).size() == 9);
}

TEST_CASE("two keys never have one name, and each keeps its own", "[observe]") {
  KeyNames names;
  std::map<std::string, int> key_of;
  std::vector<std::string> first;
  for (int key = 0; key < 2000; ++key) first.push_back(names.name("salt", "sk-" + std::to_string(key)));
  for (int key = 0; key < 2000; ++key) {
    key_of[first[key]] = key;
    CHECK(names.name("salt", "sk-" + std::to_string(key)) == first[key]);
  }
  CHECK(key_of.size() == 2000);
  CHECK(std::count_if(first.begin(), first.end(), [](const auto& name) { return name.size() == 5; }) > 1900);
  CHECK(std::any_of(first.begin(), first.end(), [](const auto& name) { return name.size() == 9; }));
}

TEST_CASE("names of keys that came once are forgotten, those in use are not", "[observe]") {
  KeyNames names(100);
  const std::string mine = names.name("salt", "mine");
  for (int key = 0; key < 100'000; ++key) {
    names.name("salt", "sk-" + std::to_string(key));
    if (key % 20 == 0 && names.name("salt", "mine") != mine) FAIL("another name after " << key);
  }
  int short_names = 0;  // were nothing forgotten, all of these would be taken
  for (int key = 0; key < 50; ++key) short_names += names.name("salt", "new-" + std::to_string(key)).size() == 5;
  CHECK(short_names > 40);
}
