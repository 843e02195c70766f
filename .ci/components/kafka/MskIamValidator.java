import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.UnsupportedCallbackException;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.security.auth.AuthenticateCallbackHandler;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerExtensionsValidatorCallback;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerToken;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallback;

/**
 * What a broker of MSK does with IAM tokens (SASL OAUTHBEARER): a token is a presigned request for
 * kafka-cluster:Connect, and its signature (Signature Version 4) is made again with the secret key.
 *
 * <p>Options of the listener's login module: {@code region} and, for each access key,
 * {@code secret_<access key>}.
 */
public class MskIamValidator implements AuthenticateCallbackHandler {
    private static final DateTimeFormatter DATE = DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'");
    private static final String ALGORITHM = "AWS4-HMAC-SHA256";
    private static final String SERVICE = "kafka-cluster";
    private static final String SECRET = "secret_";
    private static final String SIGNATURE = "X-Amz-Signature";
    // What AWS's signers add behind the signature.
    private static final String USER_AGENT = "User-Agent";
    // MSK takes no longer ones; clocks may differ by as much as AWS allows.
    private static final Duration LONGEST = Duration.ofMinutes(15);
    private static final Duration SKEW = Duration.ofMinutes(5);

    private final Map<String, String> secrets = new HashMap<>();
    private String region = "";

    @Override
    public void configure(Map<String, ?> configs, String mechanism, List<AppConfigurationEntry> entries) {
        for (AppConfigurationEntry entry : entries) {
            entry.getOptions().forEach((name, value) -> {
                if (name.startsWith(SECRET)) {
                    secrets.put(name.substring(SECRET.length()), value.toString());
                } else if (name.equals("region")) {
                    region = value.toString();
                }
            });
        }
    }

    @Override
    public void handle(Callback[] callbacks) throws UnsupportedCallbackException {
        for (Callback callback : callbacks) {
            if (callback instanceof OAuthBearerValidatorCallback asked) {
                answer(asked);
            } else if (callback instanceof OAuthBearerExtensionsValidatorCallback asked) {
                asked.inputExtensions().map().keySet().forEach(asked::valid);
            } else {
                throw new UnsupportedCallbackException(callback);
            }
        }
    }

    @Override
    public void close() {}

    private void answer(OAuthBearerValidatorCallback asked) {
        try {
            asked.token(check(asked.tokenValue()));
        } catch (Refused refused) {
            asked.error(refused.getMessage(), null, null);
        } catch (Exception broken) {
            asked.error("malformed token", null, null);
        }
    }

    private OAuthBearerToken check(String token) throws Exception {
        URI request = URI.create(new String(Base64.getUrlDecoder().decode(token), StandardCharsets.UTF_8));
        // Names sorted and values encoded as they came: so they stand in what was signed.
        TreeMap<String, String> encoded = new TreeMap<>();
        for (String pair : request.getRawQuery().split("&")) {
            String[] halves = pair.split("=", 2);
            require(encoded.put(halves[0], halves[1]) == null, "parameter given twice");
        }
        Map<String, String> query = new HashMap<>();
        encoded.forEach((name, value) -> query.put(name, URLDecoder.decode(value, StandardCharsets.UTF_8)));
        String[] credential = query.get("X-Amz-Credential").split("/");
        require(credential.length == 5, "wrong scope");
        String accessKey = credential[0];
        String date = query.get("X-Amz-Date");

        require(query.get("Action").equals("kafka-cluster:Connect"), "wrong action");
        require(query.get("X-Amz-Algorithm").equals(ALGORITHM), "wrong algorithm");
        require(query.get("X-Amz-SignedHeaders").equals("host"), "wrong signed headers");
        require(credential[2].equals(region), "wrong region");
        require(credential[3].equals(SERVICE) && credential[4].equals("aws4_request"), "wrong scope");
        require(date.startsWith(credential[1] + "T"), "wrong date");
        require(request.getHost().equals("kafka." + region + ".amazonaws.com"), "wrong host");
        require(secrets.containsKey(accessKey), "unknown access key");
        String wanted = signature(secrets.get(accessKey), credential, date, request.getHost(), encoded);
        require(same(wanted, query.get(SIGNATURE)), "wrong signature");

        Instant start = LocalDateTime.parse(date, DATE).toInstant(ZoneOffset.UTC);
        Duration lifetime = Duration.ofSeconds(Long.parseLong(query.get("X-Amz-Expires")));
        require(lifetime.compareTo(LONGEST) <= 0, "lifetime too long");
        require(start.isBefore(Instant.now().plus(SKEW)), "not yet valid");
        require(start.plus(lifetime).isAfter(Instant.now()), "expired");
        return new Accepted(token, accessKey, start, start.plus(lifetime));
    }

    private static String signature(
            String secret, String[] credential, String date, String host, TreeMap<String, String> encoded)
            throws GeneralSecurityException {
        String query = encoded.entrySet().stream()
                .filter(pair -> !pair.getKey().equals(SIGNATURE) && !pair.getKey().equals(USER_AGENT))
                .map(pair -> pair.getKey() + "=" + pair.getValue())
                .collect(Collectors.joining("&"));
        String request = String.join("\n", "GET", "/", query, "host:" + host, "", "host", sha256(""));
        String scope = String.join("/", List.of(credential).subList(1, 5));
        String text = String.join("\n", ALGORITHM, date, scope, sha256(request));
        byte[] key = ("AWS4" + secret).getBytes(StandardCharsets.UTF_8);
        for (String part : List.of(credential).subList(1, 5)) {
            key = hmac(key, part);
        }
        return HexFormat.of().formatHex(hmac(key, text));
    }

    private static byte[] hmac(byte[] key, String text) throws GeneralSecurityException {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String sha256(String text) throws GeneralSecurityException {
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().formatHex(digest);
    }

    private static boolean same(String one, String other) {
        return MessageDigest.isEqual(
                one.getBytes(StandardCharsets.UTF_8), other.getBytes(StandardCharsets.UTF_8));
    }

    private static void require(boolean holds, String otherwise) throws Refused {
        if (!holds) {
            throw new Refused(otherwise);
        }
    }

    /** Why a token is refused; a client is told, so that tests see each check by itself. */
    private static class Refused extends Exception {
        Refused(String why) {
            super(why);
        }
    }

    private record Accepted(String value, String principalName, Instant start, Instant end)
            implements OAuthBearerToken {
        @Override
        public Set<String> scope() {
            return Set.of();
        }

        @Override
        public Long startTimeMs() {
            return start.toEpochMilli();
        }

        @Override
        public long lifetimeMs() {
            return end.toEpochMilli();
        }
    }
}
